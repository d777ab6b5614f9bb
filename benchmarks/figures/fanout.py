"""CPU time of a packet to one more viewer: camweave and Debian's Janus on the same live feed, and a bare loop.

Each is the slope from few viewers to many, so that the feed, and an encoder if there is one, cancel out. The viewers
are the same for both. Where Janus cannot run, it is left out.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..measuring import (
    RATE,
    Count,
    CpuMeter,
    Drain,
    Finding,
    Findings,
    NoNetwork,
    Program,
    ProgramError,
    Target,
    Viewers,
    at_least,
    at_most,
    janus_missing,
    live_feed,
    own_network,
    render,
    running_janus,
)
from ..measuring.janus import MOUNTPOINT, RTP_PORT
from ..workloads import Inputs

PROFILES = {"AES-CM-SHA1": "SRTP_AES128_CM_SHA1_80", "AES-GCM": "SRTP_AEAD_AES_256_GCM"}
"""What Chromium negotiates, and what costs less."""
FEW, MANY = 10, 80
BITRATE, CLIP_S = 2_000_000, 8
ROUNDS = 3
SETTLE_S, MEASURED_S = 2.5, 5.0
PAYLOAD_BYTES = 1180
BARE_SENDER = Path(__file__).with_name("bare_sender.py")
RELATIVE_TO_JANUS, RELATIVE_TO_BARE, LEAST_FPS = 0.30, 0.75, 29.5


@dataclass(frozen=True)
class Load:
    """What some viewers got, and what it took.

    Attributes:
        cores: CPU seconds of the sender per second.
        packets: RTP packets per second, of all viewers together.
        least_fps: Frames per second of the viewer with the fewest.
        lost: Packets that did not come, of all viewers together.
    """

    cores: float
    packets: float
    least_fps: float
    lost: int


@dataclass(frozen=True)
class Slope:
    """The loads of few and of many viewers."""

    few: Load
    many: Load

    @property
    def packet_us(self) -> float:
        """CPU microseconds of one more packet."""
        return 1e6 * (self.many.cores - self.few.cores) / (self.many.packets - self.few.packets)


@dataclass(frozen=True)
class Round:
    """What was measured in turn, with one SRTP profile; ``janus`` is None where it cannot run."""

    ours: Slope
    janus: Slope | None
    bare_us: float


def load_of(meter: CpuMeter, viewers: Viewers, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Load:
    """Measure for some seconds, by a clock that never jumps."""
    before_s, began_s = meter.seconds(), monotonic()
    counts = viewers.received_in(seconds)
    # On a busy machine the answers of the viewers are late.
    return load_from(meter.seconds() - before_s, counts, monotonic() - began_s)


def load_from(cpu_s: float, counts: Sequence[Count], seconds: float) -> Load:
    """Return the load from what each viewer received."""
    return Load(
        cpu_s / seconds,
        sum(count.packets for count in counts) / seconds,
        min(count.frames for count in counts) / seconds,
        sum(count.lost for count in counts),
    )


def feed_config(url: str, address: str, more: str = "") -> str:
    """Return a configuration with the live feed as the camera ``feed``, for any number of viewers."""
    limits = ", ".join(f"{key}: 10000" for key in ("viewers", "viewers_per_address", "viewers_per_camera"))
    return (
        f'cameras: [{{name: feed, model: stream, attributes: {{url: "{url}"}}{more}}}]\n'
        f"server: {{ice: {{addresses: [{address}]}}, limits: {{{limits}}}}}\n"
    )


@contextlib.contextmanager
def beside_janus() -> Iterator[tuple[str, str]]:
    """Yield an address for viewers, and why Janus cannot run beside us; empty if it can."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(own_network()), janus_missing()
        except NoNetwork as error:
            found = "127.0.0.1", f"no Janus here: {error}"
        yield found


def measure(program: Program, inputs: Inputs) -> Findings:
    """Run all in turn, in rounds."""
    clip = program.scratch / "feed.h264"
    render(clip, 1280, 720, CLIP_S * RATE, bitrate=BITRATE)
    rounds: dict[str, list[Round]] = {name: [] for name in PROFILES}
    failed: list[str] = []
    with beside_janus() as (address, missing):
        for number in range(ROUNDS):
            for name, profile in PROFILES.items():
                try:
                    rounds[name].append(_round(program, clip, address, profile, number, with_janus=not missing))
                except ProgramError as error:  # the other rounds take minutes; they are not lost with this one
                    failed.append(f"round {number + 1}, {name}: {error}")
    if not all(rounds.values()):
        raise ProgramError("; ".join(failed))
    return judged(rounds, missing, failed)


def _round(program: Program, clip: Path, address: str, profile: str, number: int, *, with_janus: bool) -> Round:
    ours = functools.partial(_ours, program, clip, address, profile)
    theirs = functools.partial(_janus, clip, address, profile)
    # Which one runs first alternates, so that a machine that gets slower charges both.
    if not with_janus:
        slope, other = ours(), None
    elif number % 2 == 0:
        slope, other = ours(), theirs()
    else:
        other, slope = theirs(), ours()
    return Round(slope, other, bare_us(profile, round(slope.many.packets / MANY / RATE)))


def _ours(program: Program, clip: Path, address: str, profile: str) -> Slope:
    with (
        live_feed(clip) as url,
        program.serve(feed_config(url, address)) as server,
        Viewers(server.url, profile=profile, address=address) as viewers,
    ):
        slope = _slope(server.meter, viewers, "feed")
        server.require_viewers("feed", MANY)
        return slope


def _janus(clip: Path, address: str, profile: str) -> Slope:
    with (
        live_feed(clip, RTP_PORT),
        running_janus(address) as server,
        Viewers(server.url, "janus", profile, address) as viewers,
    ):
        return _slope(server.meter, viewers, MOUNTPOINT)


def _slope(meter: CpuMeter, viewers: Viewers, camera: str) -> Slope:
    loads = []
    for more in (FEW, MANY - FEW):
        viewers.open(camera, number=more)
        viewers.received_in(SETTLE_S)
        loads.append(load_of(meter, viewers, MEASURED_S))
    return Slope(*loads)


def bare_us(profile: str, packets: int) -> float:
    """Return the CPU microseconds that the bare loop takes for a packet to one of ``MANY`` receivers.

    Raises:
        ProgramError: It has failed, or packets were lost.
    """
    with contextlib.ExitStack() as stack:
        drain = stack.enter_context(Drain())
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(MANY)]
        for each in sockets:
            each.setblocking(False)
            each.bind(("127.0.0.1", 0))
        received = [drain.add(each) for each in sockets]
        ports = ",".join(str(each.getsockname()[1]) for each in sockets)
        numbers = {"packets": packets, "size": PAYLOAD_BYTES, "frames": round(MEASURED_S * RATE), "rate": RATE}
        done = subprocess.run(
            [sys.executable, str(BARE_SENDER), ports, "--profile", profile]
            + [f"--{name}={number}" for name, number in numbers.items()],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ProgramError(f"the bare loop has failed: {done.stderr[-2000:]}")
        spent_s, sent = done.stdout.split()
        viewers_got = sum(each.packets for each in received)
    if viewers_got != int(sent):
        raise ProgramError(f"the bare loop has sent {sent} packets, of which {viewers_got} came")
    return 1e6 * float(spent_s) / int(sent)


def judged(rounds: dict[str, list[Round]], missing: str, failed: Sequence[str] = ()) -> Findings:
    """Return the findings.

    Args:
        rounds: By SRTP profile.
        missing: Why Janus is; empty if it is there.
        failed: What has failed in other rounds.
    """
    rows: list[Finding] = []
    details: list[dict[str, Any]] = []
    for name, each in rounds.items():
        theirs = [one.janus.packet_us for one in each if one.janus is not None]
        bare = [one.bare_us for one in each]
        beside = f"Janus: {statistics.median(theirs):.1f}" if theirs else missing
        rows.append(
            Finding(
                f"a packet to one more viewer, {name}",
                tuple(one.ours.packet_us for one in each),
                "us CPU",
                f"{beside}; the bare loop: {statistics.median(bare):.1f}",
            )
        )
        relative: list[tuple[str, tuple[float, ...], Target]] = [
            (
                "the bare loop",
                tuple(one.ours.packet_us / one.bare_us for one in each),
                at_most(RELATIVE_TO_BARE),
            )
        ]
        if theirs:
            shares = tuple(one.ours.packet_us / one.janus.packet_us for one in each if one.janus is not None)
            relative.insert(0, ("Janus", shares, at_most(RELATIVE_TO_JANUS)))
        rows += [Finding(f"the same, relative to {peer}", values, "", "", limit) for peer, values, limit in relative]
        lost = sum(one.ours.many.lost for one in each)
        rows.append(
            Finding(
                f"frames of the slowest of {MANY} viewers, {name}",
                tuple(one.ours.many.least_fps for one in each),
                "frames/s",
                f"packets lost: {lost}",
                at_least(LEAST_FPS),
            )
        )
        for number, one in enumerate(each, 1):
            details += [
                _detail(number, name, who, slope)
                for who, slope in (("camweave", one.ours), ("Janus", one.janus))
                if slope is not None
            ]
    return Findings(rows, details, [each for each in (missing, *failed) if each])


def _detail(number: int, profile: str, who: str, slope: Slope) -> dict[str, Any]:
    return {
        "round": number,
        "SRTP": profile,
        "server": who,
        f"cores, {FEW} viewers": slope.few.cores,
        f"cores, {MANY}": slope.many.cores,
        "packets/s": slope.many.packets,
        "us per packet": slope.packet_us,
        "least frames/s": slope.many.least_fps,
        "lost": slope.many.lost,
    }
