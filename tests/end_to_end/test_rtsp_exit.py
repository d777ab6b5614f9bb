"""A camera played over RTSP, by the programs that people have."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cameras.pattern.scene import read_frame_number
from tests.serving import Serving

from .clients import GStreamerPlayer

TOKEN = "rtsp-token"
HOUR_S = 3600.0
GROWTH_MAX_MB = 15.0
"""What the allocator keeps; a leak of 1 kB for each frame would be 100 MB."""
CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 640, height_px: 360, frame_rate: 30}}
  - name: seen
    model: transform
    attributes:
      source: scene
      pipeline: [{type: detections, attributes: {detector_name: red}}]
services:
  - {name: red, type: vision, model: color_detector, attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1}}
server: {rtsp: {port: PORT}, tokens: [rtsp-token]}
"""


class Rtsp:
    """A server with its port for RTSP."""

    def __init__(self, serving: Serving, port: int) -> None:
        self.serving = serving
        self.port = port

    def url(self, camera: str = "scene", token: str = TOKEN) -> str:
        """Return the address of a camera."""
        return f"rtsp://token:{token}@127.0.0.1:{self.port}/{camera}"

    def state(self, camera: str = "scene") -> dict[str, list[dict[str, object]]]:
        """Return the state of a camera."""
        state: dict[str, list[dict[str, object]]] = self.serving.client.get(
            f"api/cameras/{camera}", headers={"Authorization": f"Bearer {TOKEN}"}
        ).json()
        return state


@pytest.fixture(scope="module")
def rtsp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rtsp]:
    folder = tmp_path_factory.mktemp("rtsp")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "rtsp.yaml").write_text(CONFIG.replace("PORT", str(port)))
    with Serving("rtsp.yaml", cwd=folder) as serving:
        yield Rtsp(serving, port)


def numbers(pictures: Iterable[np.ndarray]) -> list[int | None]:
    """Return the numbers of the camera in pictures."""
    return [read_frame_number(picture.astype(np.uint8, copy=False)) for picture in pictures]


def follow_each_other(found: list[int | None]) -> bool:
    """Return whether every picture has been decoded, and comes after the one before."""
    known = [number for number in found if number is not None]
    return len(known) == len(found) and known == sorted(set(known))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffmpeg_copies_the_stream_into_a_file(rtsp: Rtsp, tmp_path: Path, transport: str) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs FFmpeg: apt-get install ffmpeg")
    target = tmp_path / "copied.mkv"
    # A buffer for more than a second, as far as the system allows: other tests may have the processors meanwhile.
    command = [ffmpeg, "-v", "error", "-rtsp_transport", transport, "-buffer_size", "4000000", "-i", rtsp.url()]
    done = subprocess.run(
        [*command, "-frames:v", "45", "-c", "copy", str(target)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""  # nothing is missing, late or damaged
    with av.open(target) as file:
        assert follow_each_other(numbers(frame.to_ndarray(format="bgr24") for frame in file.decode(video=0)))


def test_opencv_and_home_assistant_play_it_with_one_encoder(rtsp: Rtsp) -> None:
    capture = cv2.VideoCapture(rtsp.url(), cv2.CAP_FFMPEG)
    # Home Assistant's stream component is PyAV, with these options.
    options = {"rtsp_flags": "prefer_tcp", "stimeout": "5000000"}
    with av.open(rtsp.url(), options=options, timeout=10.0) as container:
        pictures = (frame.to_ndarray(format="bgr24") for frame in container.decode(video=0))
        assert follow_each_other(numbers(islice(pictures, 30)))
        assert follow_each_other(numbers(capture.read()[1] for _ in range(30)))
        state = rtsp.state()
        assert [session["kind"] for session in state["sessions"]] == ["rtsp", "rtsp"]
        assert [encoder["codec"] for encoder in state["encoders"]] == ["h264"]
    capture.release()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_gstreamer_plays_it(rtsp: Rtsp, protocol: str) -> None:
    with GStreamerPlayer(rtsp.url("seen?annotations=false"), protocol) as player:
        first = player.wait_for(10)
        last = player.wait_for(first.frames + 30)
        assert (last.width_px, last.height_px) == (640, 360)
        assert first.number is not None and last.number is not None
        assert last.number - first.number >= last.frames - first.frames
        (session,) = rtsp.state("seen")["sessions"]
        assert session["annotations"] is False and session["codec"] == "h264"


def memory_mb(process: int) -> float:
    """Return the memory of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.proof
def test_two_players_play_for_an_hour(rtsp: Rtsp, tmp_path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs FFmpeg: apt-get install ffmpeg")
    command = [ffmpeg, "-v", "warning", "-nostdin", "-rtsp_transport", "tcp", "-i", rtsp.url(), "-t", str(HOUR_S)]
    progress = tmp_path / "progress.txt"
    serving = rtsp.serving.process.pid
    with (
        GStreamerPlayer(rtsp.url(), "udp") as player,
        subprocess.Popen(
            [*command, "-c", "copy", "-f", "null", "-nostats", "-progress", str(progress), "-"],
            stderr=subprocess.PIPE,
            text=True,
        ) as recorder,
    ):
        first = report = player.wait_for(1000)
        before_mb, encoded = memory_mb(serving), int(str(rtsp.state()["encoders"][0]["frames"]))
        while recorder.poll() is None:
            report = player.wait_for(report.frames + 100)
        assert recorder.stderr is not None
        assert (recorder.returncode, recorder.stderr.read()) == (0, "")
        encoded = int(str(rtsp.state()["encoders"][0]["frames"])) - encoded
        played = report.frames - first.frames
        copied = int(re.findall(r"frame=(\d+)", progress.read_text())[-1])
        after_mb = memory_mb(serving)
    print(
        f"{encoded} encoded, {played} played over UDP, {copied} copied over TCP; {before_mb:.0f} to {after_mb:.0f} MB"
    )
    assert played >= 0.999 * encoded - 100
    assert copied >= 0.999 * encoded
    assert after_mb - before_mb <= GROWTH_MAX_MB


def test_a_wrong_token_is_refused(rtsp: Rtsp) -> None:
    with pytest.raises(av.HTTPUnauthorizedError):
        av.open(rtsp.url(token="wrong"), timeout=10.0)
    assert re.search("a wrong token came from 127.0.0.1", rtsp.serving.errors())
