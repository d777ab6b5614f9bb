"""Memory of the real program while viewers come and go for minutes and a camera is lost again and again."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measuring import Viewers
from tests.end_to_end.rtsp import RtspCamera
from tests.serving import Serving

WARM_UP_SESSIONS = 50
AT_ONCE_MAX = 5  # of each camera
GROWTH_MAX = 20_000_000
WITHIN_S = 60.0
CONFIG = """
cameras:
  - name: scene
    model: test_pattern
    linger_s: 0.5
    attributes: {width_px: 1280, height_px: 720, frame_rate: 10}
  - name: found
    model: transform
    linger_s: 0.5
    attributes: {source: scene, pipeline: [{type: detections, attributes: {detector_name: red}}]}
  - {name: lost, model: stream, linger_s: 0.5, attributes: {url: "URL"}}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 100}
"""


class Soak:
    """Viewers that come and go in groups, and an RTSP camera that is killed at random while they watch.

    Attributes:
        sessions: How many have come.
    """

    def __init__(self, serving: Serving, viewers: Viewers, camera: RtspCamera, seed: int) -> None:
        self.sessions = 0
        self._serving = serving
        self._viewers = viewers
        self._camera = camera
        self._random = random.Random(seed)

    def go_on(self, sessions: int, until_s: float) -> None:
        """Go on until so many sessions have come in all, and until a time on the monotonic clock."""
        while self.sessions < sessions or time.monotonic() < until_s:
            for name in self._random.sample(("scene", "found", "lost"), 3):
                self._come(name)
            if self._random.random() < 0.3:
                self._camera.kill()
                self._come("scene")
                self._camera.start()
                wait_for(self._serving, "lost", "running")
            self._viewers.close()

    def settled_memory(self) -> int:
        """Return the memory once every camera is idle and no more of it is given back, in bytes."""
        for name in ("found", "scene", "lost"):
            camera = wait_for(self._serving, name, "idle")
            assert (camera["viewers"], camera["sessions"], camera["encoders"]) == (0, [], [])
        # The last thread gives memory back when it ends, just after its camera is idle.
        lowest, unchanged = self._memory(), 0
        while unchanged < 200:
            self._serving.client.get("/healthz")
            now = self._memory()
            unchanged = unchanged + 1 if now >= lowest else 0
            lowest = min(lowest, now)
        return lowest

    def _come(self, camera: str) -> None:
        number = self._random.randint(1, AT_ONCE_MAX)
        self._viewers.open(camera, number=number)
        self.sessions += number

    def _memory(self) -> int:
        fields = Path(f"/proc/{self._serving.process.pid}/status").read_text().split()
        return int(fields[fields.index("VmRSS:") + 1]) * 1024


def wait_for(serving: Serving, name: str, state: str) -> dict[str, Any]:
    """Return what the API says of a camera once it is in a state."""
    deadline_s = time.monotonic() + WITHIN_S
    while (camera := serving.camera(name))["state"] != state:
        assert time.monotonic() < deadline_s, camera
    return camera


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of a process from Linux's /proc")
@pytest.mark.parametrize(("sessions", "for_s"), [(100, 105.0), pytest.param(1000, 720.0, marks=pytest.mark.proof)])
def test_viewers_that_come_and_go_and_a_lost_camera_keep_no_memory(sessions: int, for_s: float, tmp_path: Path) -> None:
    until_s = time.monotonic() + for_s
    with RtspCamera() as camera:
        (tmp_path / "config.yaml").write_text(CONFIG.replace("URL", camera.url))
        with Serving("config.yaml", cwd=tmp_path) as serving, Viewers(serving.url.rstrip("/")) as viewers:
            soak = Soak(serving, viewers, camera, seed=sessions)
            soak.go_on(WARM_UP_SESSIONS, 0.0)
            before = soak.settled_memory()
            soak.go_on(soak.sessions + sessions, until_s)
            after = soak.settled_memory()
            print(f"{soak.sessions} sessions: {before / 1e6:.1f} MB after warm-up, {after / 1e6:.1f} MB at the end")
            assert after - before <= GROWTH_MAX
