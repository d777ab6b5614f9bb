"""One camera, watched in every way at once: by one encoder, and a reader that stands still costs the others nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from playwright.sync_api import Page, Playwright

from tests.serving import Serving
from tests.serving import command as program_of_clone

from .browsers import Viewer, launch, new_page, wait_until
from .clients import gstreamer_player
from .firefox import Firefox
from .networks import Machine, two_machines

ROOT = Path(__file__).parents[2]
WAIT_S = 60.0
RTSP_PORT = 8554
CONFIG = f"""
cameras:
  - {{name: scene, model: test_pattern, attributes: {{width_px: 640, height_px: 360, frame_rate: 30}}}}
  - name: seen
    model: transform
    attributes:
      source: scene
      pipeline: [{{type: detections, attributes: {{detector_name: red}}}}]
    stream: {{ladder: never}}
services:
  - {{name: red, type: vision, model: color_detector, attributes: {{detect_color: "#ff0000", hue_tolerance_pct: 0.1}}}}
server: {{rtsp: {{port: {RTSP_PORT}}}, limits: {{viewers_per_address: 20}}}}
"""
# Counts what comes in each way that a page has, with the modules of our own page where it has one.
WATCH = """async () => {
    const { Mse } = await import("/page/playing/mse.js");
    const { Mjpeg } = await import("/page/playing/mjpeg.js");
    const counts = { messages: 0 };
    const none = () => {};
    const on = { waiting: none, playing: none, ended: none };
    const mse = new Mse("seen", true, on);
    document.body.append(mse.element);
    mse.open();
    const mjpeg = new Mjpeg("seen", true, on);
    document.body.append(mjpeg.element);
    mjpeg.open();
    const peer = new RTCPeerConnection();
    peer.addTransceiver("video", { direction: "recvonly" });
    const channel = peer.createDataChannel("predictions", { ordered: false, maxRetransmits: 0 });
    channel.onmessage = ({ data }) => { counts.messages += JSON.parse(data).rtp_timestamp >= 0; };
    await peer.setLocalDescription();
    const answer = await fetch("/whep/seen", {
        method: "POST", headers: { "Content-Type": "application/sdp" }, body: peer.localDescription.sdp,
    });
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    window.counts = () => ({
        mse: mse.element.getVideoPlaybackQuality().totalVideoFrames,
        mjpeg: mjpeg.pace.count,
        channel: counts.messages,
    });
}"""


class Lines:
    """A program that prints a line for each frame or message that it gets, or for some of them.

    Args:
        command: The program.
        marker: What a line has that counts.
        worth: How many frames such a line stands for.
    """

    def __init__(self, *command: str, marker: bytes, worth: int = 1) -> None:
        self._command = command
        self._marker = marker
        self._worth = worth
        self._count = 0
        self._came = threading.Condition()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        # Somebody has to read all the time: a program whose output nobody takes stands still.
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def count(self) -> int:
        """Return how many frames or messages have come."""
        assert self.process.poll() is None, f"{self._command} has ended"
        return self._count

    def wait_for(self, count: int) -> None:
        """Wait until so many have come in all."""
        with self._came:
            assert self._came.wait_for(lambda: self._count >= count, WAIT_S), f"{self._command}: {self._count}"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if self._marker in line:
                with self._came:
                    self._count += self._worth
                    self._came.notify_all()


class Watched:
    """The server in its own network, asked from the other machine of it."""

    def __init__(self, address: str, machine: Machine) -> None:
        self.address = address
        self.machine = machine

    def camera(self) -> dict[str, Any]:
        """Return the state of the camera."""
        asking = [*self.machine.prefix, "curl", "-s", f"{self.address}api/cameras/seen"]
        state: dict[str, Any] = json.loads(subprocess.run(asking, capture_output=True, check=True).stdout)
        return state

    def encoders(self) -> dict[str, dict[str, Any]]:
        """Return its encoders by codec, of which each may have only one."""
        encoders = self.camera()["encoders"]
        found = {encoder["codec"]: encoder for encoder in encoders}
        assert len(found) == len(encoders)
        return found


def processes(root: int) -> list[int]:
    """Return a process and all that it has started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):  # it has just ended
            continue
        children.setdefault(parent, []).append(int(entry.parent.name))
    found = [root]
    for each in found:
        found.extend(children.get(each, []))
    return found


@contextmanager
def stopped(root: int) -> Iterator[None]:
    """Stop a program during the block."""
    held = processes(root)
    for each in held:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(held):
            os.kill(each, signal.SIGCONT)


class InPage:
    """One of the ways in a page that ``WATCH`` counts."""

    def __init__(self, page: Page, way: str) -> None:
        self._page = page
        self._way = way

    def count(self) -> int:
        """Return how many frames or messages have come."""
        return int(self._page.evaluate(f"counts().{self._way}"))

    def wait_for(self, count: int) -> None:
        """Wait until so many have come in all."""
        wait_until(self._page, f"counts().{self._way} >= {count}", WAIT_S)


class InViewer:
    """A WebRTC viewer of a browser."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    def count(self) -> int:
        """Return how many frames have been decoded."""
        return self._viewer.statistics().frames_decoded

    def wait_for(self, count: int) -> None:
        """Wait until so many have been decoded in all."""
        missing = count - self.count()
        if missing > 0:
            self._viewer.wait_for(missing)


@contextmanager
def page_on(machine: Machine, playwright: Playwright, folder: Path) -> Iterator[tuple[Page, int]]:
    """Yield a page of a Chromium that runs on a machine, and its process."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    script, number = folder / "chromium", folder / "chromium.pid"
    script.write_text(f'#!/bin/sh\necho $$ > {number}\nexec {" ".join(machine.prefix)} {chromium} "$@"\n')
    script.chmod(0o755)
    browser = launch(playwright, program=script)
    try:
        with new_page(browser) as page:
            yield page, int(number.read_text())
    finally:
        browser.close()


def test_one_encoder_serves_every_way_out_and_a_stopped_reader_costs_the_others_nothing(
    playwright: Playwright, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs FFmpeg: apt-get install ffmpeg")
    (tmp_path / "scene.yaml").write_text(CONFIG)
    with ExitStack() as stack:
        home, other = stack.enter_context(two_machines())
        options = ["scene.yaml", "--host", "0.0.0.0", "--insecure"]
        program = [*home.prefix, *program_of_clone()]
        serving = stack.enter_context(Serving(*options, program=program, cwd=tmp_path, PYTHONPATH=str(ROOT)))
        address = re.sub(r"//[^:]+", f"//{home.address}", serving.url)
        watched, rtsp = Watched(address, other), f"rtsp://{home.address}:{RTSP_PORT}/seen"
        live = f"{address}api/cameras/seen"

        copied = ["-c", "copy", "-f", "framecrc", "-flush_packets", "1", "pipe:1"]
        reading = [*other.prefix, ffmpeg, "-v", "error", "-analyzeduration", "1"]
        commands: dict[str, tuple[list[str], bytes, int]] = {
            "rtsp tcp": ([*reading, "-rtsp_transport", "tcp", "-i", rtsp, *copied], b"0, ", 1),
            "rtsp udp": ([*other.prefix, *gstreamer_player(rtsp, "udp")], b'"frames"', 10),
            "flv": ([*reading, "-i", f"{live}/stream.flv?data=true", *copied], b"0, ", 1),
            "events": ([*other.prefix, "curl", "-sN", f"{live}/predictions"], b"event:", 1),
        }
        readers = {
            name: stack.enter_context(Lines(*command, marker=marker, worth=worth))
            for name, (command, marker, worth) in commands.items()
        }
        page, chromium = stack.enter_context(page_on(other, playwright, tmp_path))
        page.goto(f"{address}healthz")
        viewer = Viewer(page, "seen")
        page.evaluate(WATCH)
        firefox = stack.enter_context(Firefox(tmp_path_factory.mktemp("profile"), other))
        firefox.goto(f"{address}healthz")
        vp8 = Viewer(firefox, "seen")

        counting: dict[str, Lines | InPage | InViewer] = {
            **readers,
            **{way: InPage(page, way) for way in ("mse", "mjpeg", "channel")},
            "webrtc": InViewer(viewer),
            "firefox": InViewer(vp8),
        }
        programs = {name: reader.process.pid for name, reader in readers.items()}
        programs |= {"firefox": firefox._process.pid, "chromium": chromium}

        def all_go_on(names: list[str]) -> None:
            """Check that readers get the pictures, and none by another encoder."""
            before = {name: counting[name].count() for name in names}
            for name in names:
                counting[name].wait_for(before[name] + 20)

        all_go_on(list(counting))
        kinds = sorted(session["kind"] for session in watched.camera()["sessions"])
        assert kinds == ["events", "flv", "mjpeg", "mp4", "rtsp", "rtsp", "webrtc", "webrtc", "webrtc"]
        assert sorted(watched.encoders()) == ["h264", "mjpeg", "vp8"]

        in_page = ("webrtc", "mse", "mjpeg", "channel")
        for name, process in programs.items():
            others = [each for each in counting if each != name and not (name == "chromium" and each in in_page)]
            before = watched.encoders()
            with stopped(process):
                all_go_on(others)
                after = watched.encoders()
            assert sorted(after) == ["h264", "mjpeg", "vp8"]
            # One comes by itself every ten seconds; a reader that stands still has none made.
            for codec in ("h264", "vp8"):
                frames = after[codec]["frames"] - before[codec]["frames"]
                assert after[codec]["key_frames"] - before[codec]["key_frames"] <= 1 + frames // 300, (name, codec)
            all_go_on([each for each in counting if each not in others])
        assert viewer.statistics().frames_dropped == 0
