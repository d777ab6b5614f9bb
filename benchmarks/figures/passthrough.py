"""What a watched H.264 camera costs whose packets go to its viewers as they are, beside decoding and encoding them.

A camera of 1080p over RTSP, 30 frames per second, each with one viewer. Both ways run in turn.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from ..measuring import RATE, Finding, Findings, Program, ProgramError, Viewers, at_least, at_most, live_feed, render
from ..workloads import Inputs
from .fanout import LEAST_FPS
from .memory import settled_mb

WIDTH_PX, HEIGHT_PX, BITRATE, CLIP_S = 1920, 1080, 4_000_000, 8
ROUNDS = 3
SETTLE_S, MEASURED_S = 4.0, 8.0
CAMERAS = 9
SHARE, CORE_PERCENT, CAMERA_MB = 0.1, 2.0, 4.0


def measure(program: Program, _inputs: Inputs) -> Findings:
    """Watch the camera both ways, and then several of them."""
    clip = program.scratch / "feed-1080.h264"
    render(clip, WIDTH_PX, HEIGHT_PX, CLIP_S * RATE, bitrate=BITRATE)
    ways = ("auto", "never")
    rounds: list[dict[str, tuple[float, float]]] = []
    for number in range(ROUNDS):
        rounds.append({way: _watched(program, clip, way) for way in (ways if number % 2 == 0 else ways[::-1])})
    return judged([each["auto"] for each in rounds], [each["never"] for each in rounds], _camera_mb(program, clip))


def config(url: str, number: int, way: str) -> str:
    """Return a configuration with this number of cameras ``camera-0``, ``camera-1``, ... of a stream."""
    cameras = "\n".join(
        f'  - {{name: camera-{index}, model: stream, attributes: {{url: "{url}"}}, stream: {{passthrough: {way}}}}}'
        for index in range(number)
    )
    return f"cameras:\n{cameras}\n"


def _watched(program: Program, clip: Path, way: str) -> tuple[float, float]:
    """Return the CPU of the server in cores while its camera has one viewer, and that viewer's frames per second.

    Raises:
        ProgramError: Packets were lost, or the camera is not passed through though it should be.
    """
    with (
        live_feed(clip) as url,
        program.serve(config(url, 1, way)) as server,
        Viewers(server.url) as viewers,
    ):
        viewers.open("camera-0")
        time.sleep(SETTLE_S)
        before_s = server.meter.seconds()
        (count,) = viewers.received_in(MEASURED_S)
        cores = (server.meter.seconds() - before_s) / MEASURED_S
        (encoder,) = server.camera("camera-0")["encoders"]
        if encoder["passthrough"] != (way == "auto") or count.lost:
            raise ProgramError(
                f"passthrough: {way}: encoders[0].passthrough is {encoder['passthrough']}, {count.lost} packets lost"
            )
        return cores, count.frames / MEASURED_S


def _camera_mb(program: Program, clip: Path) -> tuple[float, float]:
    """Return the memory in MB with one watched camera, and with ``CAMERAS``."""
    with (
        live_feed(clip) as url,
        program.serve(config(url, CAMERAS, "auto")) as server,
        Viewers(server.url) as viewers,
    ):
        found = []
        for names in (["camera-0"], [f"camera-{index}" for index in range(1, CAMERAS)]):
            viewers.open(*names)
            time.sleep(SETTLE_S)
            found.append(settled_mb(server))
    return found[0], found[1]


def judged(
    passed: list[tuple[float, float]], encoded: list[tuple[float, float]], memory: tuple[float, float]
) -> Findings:
    """Return the findings.

    Args:
        passed: The cores and the viewer's frames per second of each round, passed through.
        encoded: The same, decoded and encoded.
        memory: MB with one watched camera, and with ``CAMERAS``.
    """
    beside = f"{100 * statistics.median(cores for cores, _ in encoded):.1f} %"
    one, many = memory
    return Findings(
        [
            Finding(
                "a watched 1080p camera, relative to decoding and encoding it",
                tuple(a / b for (a, _), (b, _) in zip(passed, encoded, strict=True)),
                "",
                beside + " of a core",
                at_most(SHARE),
            ),
            Finding(
                "a watched 1080p camera",
                tuple(100 * cores for cores, _ in passed),
                "% of a core",
                f"decoded and encoded: {beside}",
                at_most(CORE_PERCENT),
            ),
            Finding("its viewer", tuple(fps for _, fps in passed), "frames/s", "", at_least(LEAST_FPS)),
            Finding(
                f"one more watched camera, 1 to {CAMERAS}",
                ((many - one) / (CAMERAS - 1),),
                "MB",
                f"one: {one:.0f} MB",
                at_most(CAMERA_MB),
            ),
        ]
    )
