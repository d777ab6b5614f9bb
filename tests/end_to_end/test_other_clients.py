"""Viewers that are no Chromium, beside one that is."""

from pathlib import Path

from playwright.sync_api import Page

from tests.serving import Serving

from .browsers import NodeViewer, Viewer


def test_a_viewer_without_h264_plays_the_same_camera_at_the_same_time(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving:
        page.goto(f"{serving.url}healthz")
        chromium = Viewer(page, "scene-detected")
        chromium.wait_for(10)
        with NodeViewer(f"{serving.url}whep/scene-detected") as other:
            report = other.wait_for(30)
            assert (report["width_px"], report["height_px"]) == (1280, 720)
            assert chromium.wait_for(15).codec == "H264"
            status = serving.camera("scene-detected")
            assert status["viewers"] == 2
            assert {encoder["codec"] for encoder in status["encoders"]} == {"h264", "vp8"}
