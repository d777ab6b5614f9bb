"""The page "Watch" in Chromium, and a camera that is lost while it is watched."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cameras import Attributes, CameraError, Frame, Pixels
from pipeline import BUILT_IN
from tests.end_to_end.browsers import accessibility_findings, new_page
from tests.fakes import FakeCamera, frame

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import LIVE, card, open_from_another_site

CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 320, height_px: 180}, linger_s: 0.5}
  - {name: still, model: image_file, attributes: {path: still.png}}
  - {name: cable, model: pluggable, linger_s: 0.5}
  - {name: hidden, model: image_file, private: true, attributes: {path: still.png}}
"""


class Pluggable(FakeCamera):
    """A camera with a cable: grey pictures while it is plugged in, errors while it is not."""

    model_name = "pluggable"
    plugged: ClassVar[threading.Event] = threading.Event()

    def __init__(self, name: str, attributes: Attributes, *, paced: bool = True) -> None:
        super().__init__(name)

    def open(self) -> None:
        """Fail while the cable is out."""
        super().open()
        self.count = 0
        if not self.plugged.is_set():
            raise CameraError("the cable is out")

    def read(self) -> Frame:
        """Return a picture every 40 ms."""
        self.closed.wait(0.04)
        if self.closed.is_set() or not self.plugged.is_set():
            raise CameraError("the cable is out")
        self.count += 1
        image = np.full((180, 320, 3), 90 + self.count % 100, np.uint8)
        return replace(frame(self.count * 3), pixels=Pixels.from_bgr(image))


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    tables = replace(BUILT_IN, cameras={**BUILT_IN.cameras, "pluggable": Pluggable})
    with Served(tmp_path_factory.mktemp("watch"), CONFIG, tables=tables) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    Pluggable.plugged.set()
    with new_page(browser, 720) as page:
        yield page


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def test_one_camera_fills_the_page_and_starts_by_itself(page: Page, served: Served) -> None:
    page.goto(f"{served.running.url}watch/scene")
    expect(tile(page, "scene")).to_have_attribute("data-play", LIVE, timeout=15_000)
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page).to_have_title("scene: camweave")
    box = tile(page, "scene").locator("video").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (1280, 720)
    assert accessibility_findings(page) == []


@pytest.mark.parametrize(("width", "height", "columns"), [(1280, 720, 2), (390, 844, 1)])
def test_several_cameras_share_the_page(page: Page, served: Served, width: int, height: int, columns: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{served.running.url}watch?camera=scene&camera=still&camera=cable&camera=scene")
    expect(page.get_by_role("article")).to_have_count(3)
    for name in ("scene", "still", "cable"):
        expect(tile(page, name)).to_have_attribute("data-play", LIVE, timeout=15_000)
    lefts = page.get_by_role("article").evaluate_all("all => all.map((each) => each.getBoundingClientRect().left)")
    assert len(set(lefts)) == columns
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    assert accessibility_findings(page) == []


@pytest.mark.parametrize("name", ["unknown", "hidden", "%3Cb%3E"])
def test_a_camera_that_cannot_be_watched_is_named(page: Page, served: Served, name: str) -> None:
    page.goto(f"{served.running.url}watch?camera=scene&camera={name}")
    expect(tile(page, "scene")).to_have_attribute("data-play", LIVE, timeout=15_000)
    words = "hidden is private" if name == "hidden" else "There is no camera"
    expect(page.locator(".missing")).to_contain_text(words)
    assert page.locator(".missing b, .name b").count() == 0


def test_without_a_camera_in_the_address_the_page_offers_all(page: Page, served: Served) -> None:
    page.goto(f"{served.running.url}watch")
    expect(page.get_by_role("link")).to_have_text(["All 3 cameras", "scene", "still", "cable"])
    assert accessibility_findings(page) == []
    page.get_by_role("link", name="All 3 cameras").click()
    expect(page.get_by_role("article")).to_have_count(3)


def test_a_page_that_a_foreign_page_has_opened_starts_after_one_click(page: Page, served: Served) -> None:
    offers: list[str] = []
    page.on("request", lambda request: offers.append(request.url) if "/whep/" in request.url else None)
    open_from_another_site(page, served, "watch/scene")
    button = page.get_by_role("button", name="Watch scene")
    expect(button).to_be_visible()
    expect(tile(page, "scene").locator(".drawn-chain, .still").first).to_be_attached()
    assert offers == []
    button.click()
    expect(tile(page, "scene")).to_have_attribute("data-play", LIVE, timeout=15_000)


@pytest.mark.parametrize("where", ["watch/cable", ""])
def test_a_lost_camera_is_dimmed_with_the_time_and_the_reason_on_its_picture(
    page: Page, served: Served, where: str
) -> None:
    page.goto(f"{served.running.url}{where}")
    found = tile(page, "cable") if where else card(page, "cable")
    if not where:
        found.get_by_role("button", name="Watch cable").click()
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    found.hover()
    found.get_by_role("button", name="Full screen: cable").click()
    page.wait_for_selector(".stage:fullscreen", state="attached")
    Pluggable.plugged.clear()
    stage = page.locator(".stage:fullscreen")
    assert stage.evaluate("stage => getComputedStyle(stage, '::before').content") == '"cable"'
    expect(stage.get_by_role("status")).to_have_text(re.compile(r"Offline since .*\d\d:\d\d:\d\d"))
    expect(stage.get_by_role("status")).to_contain_text("The cable is out. Trying again.")
    expect(stage.get_by_role("status")).to_be_in_viewport()
    expect(stage.locator(".spinner")).to_be_hidden()
    assert "brightness(0.42)" in stage.locator("video").evaluate("video => getComputedStyle(video).filter")
    assert accessibility_findings(page) == []
    Pluggable.plugged.set()
    expect(stage.locator(".words")).to_be_hidden(timeout=15_000)
    assert stage.locator("video").evaluate("video => getComputedStyle(video).filter") == "none"
    expect(found).to_have_attribute("data-play", LIVE)


def test_a_camera_that_is_offline_from_the_start_shows_why(page: Page, served: Served) -> None:
    Pluggable.plugged.clear()
    page.goto(f"{served.running.url}watch/cable")
    status = tile(page, "cable").get_by_role("status")
    expect(status).to_contain_text("Offline", timeout=15_000)
    expect(status).to_contain_text("The cable is out. Trying again.")
    expect(page.locator(".spinner")).to_be_hidden()
    expect(page.get_by_text("Waiting for the first picture")).to_have_count(0)
    Pluggable.plugged.set()
    expect(tile(page, "cable")).to_have_attribute("data-play", LIVE, timeout=30_000)
