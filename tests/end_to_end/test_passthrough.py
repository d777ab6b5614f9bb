"""Viewers in a real browser get the pictures of an RTSP camera as they came."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.cameras.rtsp import Camera, Sender, rtp_pictures
from tests.cameras.servers import server
from tests.cameras.videos import numbered
from tests.serving import Serving

from .browsers import WAIT_S, Viewer
from .rtsp import RtspCamera

CONFIG = """
cameras:
  - name: door
    model: stream
    linger_s: 0
    attributes: {{url: "{url}", open_timeout_s: 5}}
  - name: turned
    model: transform
    attributes: {{source: door, pipeline: [{{type: rotate, attributes: {{angle_degs: 180}}}}]}}
"""


def wait_for(serving: Serving, what: Callable[[dict[str, Any]], Any], camera: str = "door") -> Any:
    """Wait until something holds for what the API says of a camera, and return it."""
    deadline_s = time.monotonic() + WAIT_S
    while not (found := what(serving.camera(camera))):
        assert time.monotonic() < deadline_s, f"waited in vain; the camera is {serving.camera(camera)}"
    return found


def passes(camera: dict[str, Any]) -> bool:
    return [encoder["passthrough"] for encoder in camera["encoders"]] == [True]


def encodes(camera: dict[str, Any]) -> bool:
    return [encoder["passthrough"] for encoder in camera["encoders"]] == [False]


@pytest.mark.parametrize("profile", ["main", "high"])
def test_a_browser_plays_what_the_camera_has_coded(profile: str, page: Page, tmp_path: Path) -> None:
    with RtspCamera() as rtsp:
        (tmp_path / "door.yaml").write_text(CONFIG.format(url=rtsp.url.replace("/camera", f"/{profile}")))
        with Serving("door.yaml", cwd=tmp_path) as serving:
            page.goto(f"{serving.url}healthz")
            viewer = Viewer(page, "door")
            seen = viewer.wait_for(30)
            assert (seen.width_px, seen.height_px, seen.codec) == (640, 480, "H264")
            door = serving.camera("door")
            assert passes(door) and door["state"] == "running" and door["width_px"] == 640
            assert door["counters"]["decoded"] == door["counters"]["encoded"] == 0
            assert door["counters"]["frames_in"] >= 30 and viewer.picture().max() > 200, "it shows the ball"

            # Who joins just after a key frame sees a picture long before the next one.
            keys = door["encoders"][0]["key_frames"]
            keys = wait_for(serving, lambda door: max(door["encoders"][0]["key_frames"] - keys, 0)) + keys
            second = Viewer(page, "door")
            second.wait_for(1)
            assert serving.camera("door")["encoders"][0]["key_frames"] == keys

            # A camera chained on it is decoded, and the viewers stay as they are.
            turned = Viewer(page, "turned")
            turned.wait_for(20)
            assert encodes(serving.camera("turned")) and passes(serving.camera("door"))
            assert serving.camera("door")["counters"]["decoded"] > 0
            viewer.wait_for(30)
            second.wait_for(30)
            turned.leave()
            picture = serving.client.get("/api/cameras/door/image")
            assert picture.status_code == 200
            for each in (viewer, second):
                assert each.wait_for(10).connection == "connected"
            assert passes(serving.camera("door"))


def test_b_frames_are_encoded_for_a_browser(page: Page, tmp_path: Path) -> None:
    with RtspCamera() as rtsp:
        (tmp_path / "door.yaml").write_text(CONFIG.format(url=rtsp.url.replace("/camera", "/reordered")))
        with Serving("door.yaml", cwd=tmp_path) as serving:
            page.goto(f"{serving.url}healthz")
            viewer = Viewer(page, "door")
            viewer.wait_for(30)
            assert encodes(serving.camera("door"))


def test_damage_and_another_size_end_no_viewer(page: Page, tmp_path: Path) -> None:
    options = {"g": "10", "keyint_min": "10", "sc_threshold": "0", "forced-idr": "1"}
    small = rtp_pictures([numbered(number % 10, 320, 240) for number in range(20)], options=options)
    large = rtp_pictures([numbered(number % 10, 640, 480) for number in range(20)], options=options)
    seen: list[str] = []

    def play(sender: Sender) -> None:
        number = 0
        while True:
            packets = (small if "large" not in seen else large)[number % 20]
            if "damaged" not in seen and number >= 50 and number % 10 == 5:
                seen.append("damaged")
                sender.lose(packets)
            else:
                sender.send(packets, number / 25)
            number += 1
            if number % 20 == 0 and "larger" in seen:
                seen.append("large")
            if sender.wait(1 / 25):
                return

    with server(Camera(play)) as host:
        (tmp_path / "door.yaml").write_text(CONFIG.format(url=f"rtsp://{host}/live"))
        with Serving("door.yaml", cwd=tmp_path) as serving:
            page.goto(f"{serving.url}healthz")
            viewer = Viewer(page, "door")
            viewer.wait_for(10)
            wait_for(serving, passes)
            wait_for(serving, encodes)
            assert "damaged" in seen
            viewer.wait_for(10)
            wait_for(serving, passes)
            assert viewer.wait_for(20).width_px == 320
            seen.append("larger")
            wait_for(serving, lambda door: door["width_px"] == 640)
            assert viewer.wait_for(20).width_px == 640
            door = serving.camera("door")
            assert passes(door) and len(door["sessions"]) == 1
            assert viewer.statistics().connection == "connected"
