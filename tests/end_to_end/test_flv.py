"""Flash Video with predictions inside, through what people put behind it: FFmpeg, media servers, browsers."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Page

from benchmarks.measuring import NoNetwork, janus_missing, own_network, running_janus
from benchmarks.measuring.janus import MOUNTPOINT, RTP_PORT
from streams import Recording
from tests.serving import Serving, command
from tests.streams.recordings import video_tags

from .browsers import Viewer

ROOT = Path(__file__).parents[2]
CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 640, height_px: 360, frame_rate: 30}}
  - name: red
    model: transform
    stream: {key_frame_interval_s: 1}
    attributes: {source: scene, pipeline: [{type: detections, attributes: {detector_name: red-things}}]}
services:
  - name: red-things
    type: vision
    model: color_detector
    attributes: {detect_color: "#E43C3E", hue_tolerance_pct: 0.06, segment_size_px: 200, label: red thing}
"""
FAR = """
cameras: [{{name: far, model: stream, attributes: {{url: "{url}"}}}}]
server: {{rtsp: {{port: {port}}}}}
"""
WITH_DATA = "api/cameras/red/stream.flv?data=true"
FRAMES = 45
JANUS_FRAMES = 300
TIMEOUT_S = 60.0
DECODED = """
async ([codec, description, chunks]) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const shown = [], errors = [];
    const decoder = new VideoDecoder({
        output: (frame) => { shown.push(frame.timestamp); frame.close(); },
        error: (error) => errors.push(String(error)),
    });
    decoder.configure({codec, description: bytes(description)});
    for (const [type, timestamp, data] of chunks) {
        decoder.decode(new EncodedVideoChunk({type, timestamp, data: bytes(data)}));
    }
    await decoder.flush();
    return [shown, errors];
}
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("near")
    (folder / "red.yaml").write_text(CONFIG)
    with Serving("red.yaml", cwd=folder) as running:
        yield running


@pytest.fixture(scope="module")
def recorded(serving: Serving, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the first frames of the stream, as curl would have recorded them."""
    path = tmp_path_factory.mktemp("recorded") / "red.flv"
    path.write_bytes(received(serving, WITH_DATA))
    return path


def received(serving: Serving, address: str) -> bytes:
    data = b""
    with serving.client.stream("GET", f"/{address}") as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "video/x-flv")
        for chunk in answer.iter_raw():
            data += chunk
            if len(video_tags(data)) > FRAMES:
                break
    return data


def events(path: Path) -> list[dict[str, Any]]:
    recording = Recording(path)
    found = list(recording.events())
    assert recording.packets == len(found) >= FRAMES
    return found


def ffmpeg(*arguments: object) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs FFmpeg: apt-get install ffmpeg")
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr


def test_each_frame_of_a_recording_has_its_event(serving: Serving, recorded: Path) -> None:
    found = events(recorded)
    numbers = [event["sequence"] for event in found]
    assert numbers == sorted(set(numbers))
    assert {event["camera"] for event in found} == {"red"}
    assert all(event["predictions"][0]["class_name"] == "red thing" for event in found)
    with av.open(str(recorded)) as container:
        times = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.pts is not None]
    said = [event["pts_s"] - found[0]["pts_s"] for event in found]
    assert said == pytest.approx([time - times[0] for time in times], abs=0.002)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_ffmpeg_keeps_the_events_in_other_formats(recorded: Path, suffix: str, tmp_path: Path) -> None:
    copy = tmp_path / f"red.{suffix}"
    ffmpeg("-i", recorded, "-c", "copy", copy)
    assert events(copy) == events(recorded)


def test_ffmpeg_records_the_stream_itself_and_extract_prints_its_events(serving: Serving, tmp_path: Path) -> None:
    # In microseconds; by default FFmpeg first waits for sound for five seconds.
    stream = ("-analyzeduration", 1, "-i", f"{serving.url}{WITH_DATA}")
    ffmpeg(*stream, "-frames:v", FRAMES, "-c", "copy", tmp_path / "red.mkv")
    done = subprocess.run(
        [*command(), "extract", "red.mkv"], cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(events(tmp_path / "red.mkv")) == FRAMES


def test_a_media_server_gets_the_events_over_rtsp(recorded: Path, tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs FFmpeg: apt-get install ffmpeg")
    url = f"rtsp://127.0.0.1:{free_port()}/red"
    copy = tmp_path / "red.mkv"
    listening = ["ffmpeg", "-v", "verbose", "-nostdin", "-rtsp_flags", "listen", "-i", url, "-c", "copy", str(copy)]
    with subprocess.Popen(listening, stderr=subprocess.DEVNULL) as server:
        try:
            push(recorded, url)
            server.wait(TIMEOUT_S)
        finally:
            server.kill()
    assert events(copy) == events(recorded)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def push(path: Path, url: str) -> None:
    """Send a recording over RTSP, as soon as the server listens."""
    for _ in range(1000):
        try:
            return ffmpeg("-i", path, "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", url)
        except AssertionError as error:
            if "refused" not in str(error):
                raise
    raise AssertionError("the server never listened")


def test_chromium_decodes_every_frame(serving: Serving, recorded: Path, page: Page) -> None:
    with av.open(str(recorded)) as container:
        stream = container.streams.video[0]
        record = bytes(stream.codec_context.extradata or b"")
        chunks = [
            [
                "key" if packet.is_keyframe else "delta",
                (packet.pts or 0) * 1000,
                base64.b64encode(bytes(packet)).decode(),
            ]
            for packet in container.demux(stream)
            if packet.size
        ]
    page.goto(f"{serving.url}healthz")
    codec, description = f"avc1.{record[1:4].hex()}", base64.b64encode(record).decode()
    shown, errors = page.evaluate(DECODED, [codec, description, chunks])
    assert errors == [] and shown == [time for _, time, _ in chunks]


def test_a_camera_of_another_server_is_passed_on_with_the_events_inside(
    serving: Serving, page: Page, tmp_path: Path
) -> None:
    port = free_port()
    (tmp_path / "far.yaml").write_text(FAR.format(url=f"{serving.url}{WITH_DATA}", port=port))
    with Serving("far.yaml", cwd=tmp_path) as far:
        page.goto(f"{far.url}healthz")
        viewer = Viewer(page, "far")
        viewer.wait_for(10)
        before = viewer.statistics()
        plain, own = tmp_path / "plain.flv", tmp_path / "own.flv"
        plain.write_bytes(received(far, "api/cameras/far/stream.flv"))
        own.write_bytes(received(far, "api/cameras/far/stream.flv?data=true"))
        over_rtsp = tmp_path / "rtsp.mkv"
        ffmpeg(
            "-rtsp_transport", "tcp", "-i", f"rtsp://127.0.0.1:{port}/far", "-frames:v", FRAMES, "-c", "copy", over_rtsp
        )
        seen = viewer.wait_for(30)
        assert [encoder["passthrough"] for encoder in far.camera("far")["encoders"]] == [True]
    assert seen.frames_dropped == before.frames_dropped
    for relayed in (plain, over_rtsp):
        assert {(event["camera"], bool(event["predictions"])) for event in events(relayed)} == {("red", True)}
    assert {(event["camera"], bool(event["predictions"])) for event in events(own)} == {("far", False)}


@pytest.mark.proof
def test_janus_hands_each_event_on_with_its_frame(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(own_network())
        except NoNetwork as error:
            pytest.skip(str(error))
        if missing := janus_missing():
            pytest.skip(missing)
        janus = stack.enter_context(running_janus(address))
        (tmp_path / "red.yaml").write_text(CONFIG)
        serving = stack.enter_context(Serving("red.yaml", cwd=tmp_path))
        feeding = ["ffmpeg", "-v", "error", "-nostdin", "-analyzeduration", "1", "-i"]
        feeding += [f"{serving.url}{WITH_DATA}", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "rtp"]
        feed = stack.enter_context(subprocess.Popen([*feeding, f"rtp://127.0.0.1:{RTP_PORT}?pkt_size=1200"]))
        stack.callback(feed.kill)
        viewer = [sys.executable, "-m", "tests.end_to_end.janus_viewer", janus.url, MOUNTPOINT, str(JANUS_FRAMES)]
        done = subprocess.run(viewer, cwd=ROOT, capture_output=True, text=True, timeout=2 * TIMEOUT_S)
        assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [len(events) for events in found] == [1] * JANUS_FRAMES
    numbers = [event["sequence"] for [event] in found]
    assert numbers == sorted(set(numbers))
