"""Viewers that are no Chromium."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from cameras.pattern.scene import read_frame_number
from tests.serving import Serving, command

from .browsers import Viewer
from .clients import ClientViewer, GStreamerViewer, NodeViewer, PionViewer
from .firefox import Firefox
from .networks import Machine, two_machines

ROOT = Path(__file__).parents[2]
CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 640, height_px: 360, frame_rate: 30}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scene.yaml").write_text(CONFIG)
    return tmp_path


def plays(viewer: ClientViewer, codec: str) -> None:
    """Check that frames of the camera come, each with a number of its own."""
    first = viewer.wait_for(10)
    last = viewer.wait_for(first.frames + 40)
    assert (last.width_px, last.height_px, last.codec.lower()) == (640, 360, f"video/{codec}")
    assert first.number is not None and last.number is not None
    assert last.number - first.number >= last.frames - first.frames


def plays_all(viewer: ClientViewer, serving: Serving, codec: str) -> None:
    """Check also that what is encoded is decoded."""
    first, encoded = viewer.wait_for(1), encoded_frames(serving)
    plays(viewer, codec)
    last, encoded_later = viewer.wait_for(1), encoded_frames(serving)
    assert last.frames - first.frames == pytest.approx(encoded_later - encoded, abs=8)


def encoded_frames(serving: Serving) -> int:
    """Give how many frames of the only encoder there have been."""
    (encoder,) = serving.camera("scene")["encoders"]
    frames: int = encoder["frames"]
    return frames


def test_a_viewer_without_h264_plays_the_same_camera_at_the_same_time(page: Page, tmp_path: Path) -> None:
    with Serving(cwd=tmp_path) as serving:
        page.goto(f"{serving.url}healthz")
        chromium = Viewer(page, "scene-detected")
        chromium.wait_for(10)
        with NodeViewer(f"{serving.url}whep/scene-detected") as other:
            report = other.wait_for(30)
            assert (report.width_px, report.height_px) == (1280, 720)
            assert chromium.wait_for(15).codec == "H264"
            status = serving.camera("scene-detected")
            assert status["viewers"] == 2
            assert {encoder["codec"] for encoder in status["encoders"]} == {"h264", "vp8"}


def test_node_plays(folder: Path) -> None:
    with Serving("scene.yaml", cwd=folder) as serving, NodeViewer(f"{serving.url}whep/scene") as viewer:
        plays_all(viewer, serving, "vp8")


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_pion_plays(folder: Path, pytestconfig: pytest.Config, codec: str) -> None:
    assert pytestconfig.cache is not None
    cache = pytestconfig.cache.mkdir("pion")
    with Serving("scene.yaml", cwd=folder) as serving:
        with PionViewer(f"{serving.url}whep/scene", codec, cache) as viewer:
            plays_all(viewer, serving, codec)
        assert serving.camera("scene")["viewers"] == 0


@contextmanager
def serving_network(folder: Path) -> Iterator[tuple[str, Machine]]:
    """Yield the address of a server and another machine of its network."""
    with two_machines() as (home, other):
        options = ["scene.yaml", "--host", "0.0.0.0", "--insecure"]
        with Serving(*options, program=[*home.prefix, *command()], cwd=folder, PYTHONPATH=str(ROOT)) as serving:
            yield re.sub(r"//[^:]+", f"//{home.address}", serving.url), other


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_gstreamer_plays(folder: Path, codec: str) -> None:
    with (
        serving_network(folder) as (address, machine),
        GStreamerViewer(f"{address}whep/scene", codec.upper(), machine) as viewer,
    ):
        plays(viewer, codec)


def test_firefox_plays(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        serving_network(folder) as (address, machine),
        Firefox(tmp_path_factory.mktemp("profile"), machine) as firefox,
    ):
        firefox.goto(f"{address}healthz")
        viewer = Viewer(firefox, "scene")
        viewer.wait_for(15)
        first = read_frame_number(viewer.picture())
        seen = viewer.wait_for(30)
        assert (seen.codec, seen.width_px, seen.height_px, seen.connection) == ("VP8", 640, 360, "connected")
        last = read_frame_number(viewer.picture())
        assert first is not None and last is not None
        assert last - first >= 25
        viewer.leave()
