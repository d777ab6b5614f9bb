"""The built-in demo, as a newcomer sees it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from cameras.pattern.scene import Scene, read_frame_number
from configs import DEMO
from tests.serving import Serving

from .browsers import Viewer

MARGIN_PX = 12


def test_the_page_shows_a_camera_once_it_is_switched_on(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving:
        assert f"This is the demo, {DEMO}. For a file of your own: camweave serve FILE\n" in serving.errors()
        page.goto(serving.url)
        for camera in serving.client.get("/api/cameras").json():
            expect(page.get_by_role("heading", name=camera["name"], exact=True)).to_be_visible()
            assert camera["state"] == "idle"
        assert page.locator("video").evaluate_all("videos => videos.filter((video) => video.srcObject).length") == 0


def boxed_star(picture: NDArray[np.uint8]) -> bool:
    """Tell whether something is painted where the outline of the star's true box is."""
    number = read_frame_number(picture)
    assert number is not None
    truth = Scene(0, 1280, 720).render(number)
    star = next(thing for thing in truth.things if thing.label == "star")
    x_min, y_min, x_max, y_max = star.box.to_pixels(1280, 720)
    outline = np.zeros((720, 1280), bool)
    outline[max(0, y_min - MARGIN_PX) : y_max + MARGIN_PX, max(0, x_min - MARGIN_PX) : x_max + MARGIN_PX] = True
    outline[y_min + MARGIN_PX : y_max - MARGIN_PX, x_min + MARGIN_PX : x_max - MARGIN_PX] = False
    difference = np.abs(picture.astype(int) - truth.image).max(axis=2)
    return bool((difference[outline] > 60).mean() > 0.05)


def test_the_star_of_the_demo_is_boxed_and_labelled(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving:
        page.goto(f"{serving.url}healthz")
        clean = Viewer(page, "scene")
        boxed = Viewer(page, "scene-detected")
        clean.wait_for(10)
        seen = []
        for _ in range(5):
            boxed.wait_for(15)
            seen.append(boxed_star(boxed.picture()))
        assert seen.count(True) >= 4
        assert not boxed_star(clean.picture())
        found = serving.client.get("/api/vision/shape-boxes/detections", params={"camera": "scene"}).json()
        assert "star" in {item["class_name"] for item in found["detections"]}


@pytest.mark.parametrize("camera", ["scene", "scene-classified", "scene-detected", "scene-turned"])
def test_every_camera_of_the_demo_plays(page: Page, tmp_path: Path, camera: str) -> None:
    with Serving(cwd=tmp_path) as serving:
        page.goto(f"{serving.url}healthz")
        viewer = Viewer(page, camera)
        seen = viewer.wait_for(30)
        status = serving.camera(camera)
        assert (seen.width_px, seen.height_px) == (status["width_px"], status["height_px"])
        assert seen.codec == "H264"
        assert status["viewers"] == 1
