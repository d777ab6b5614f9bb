"""A network camera that loses its power and gets it back."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.serving import Serving

from .browsers import Viewer
from .rtsp import RtspCamera

CONFIG = """
cameras:
  - name: door
    model: stream
    attributes: {{url: "{url}", open_timeout_s: 3, read_timeout_s: 1}}
"""


def test_the_picture_goes_on_by_itself_after_the_camera_was_pulled_out(page: Page, tmp_path: Path) -> None:
    with RtspCamera() as camera:
        (tmp_path / "door.yaml").write_text(CONFIG.format(url=camera.url))
        with Serving("door.yaml", cwd=tmp_path) as serving:
            page.goto(f"{serving.url}healthz")
            viewer = Viewer(page, "door")
            viewer.wait_for(30)
            camera.kill()
            viewer.wait_for_state("door", "offline")
            assert serving.camera("door")["error"]
            camera.start()
            seen = viewer.wait_for(30)
            assert (seen.width_px, seen.height_px, seen.connection) == (640, 480, "connected")
            assert serving.camera("door")["state"] == "running"


def test_the_page_shows_how_old_the_picture_is_by_the_clock_of_the_camera(page: Page, tmp_path: Path) -> None:
    with RtspCamera() as camera:
        (tmp_path / "door.yaml").write_text(CONFIG.format(url=camera.url))
        with Serving("door.yaml", cwd=tmp_path) as serving:
            page.goto(serving.url)
            page.get_by_role("button", name="Watch door").click()
            latency = page.locator(".latency")
            words = re.compile("^From the capture by the camera's own clock to the screen. The difference")
            expect(latency.locator(".clocks")).to_have_text(words, timeout=30_000)  # after the first report of RTCP
            expect(latency.locator("summary")).to_have_text(re.compile(r"^Glass to glass \d+ ms ± \d+ ms$"))
            assert serving.camera("door")["capture_clock"] == "camera"
