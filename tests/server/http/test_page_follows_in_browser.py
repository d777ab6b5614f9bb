"""The pages while the configuration changes, in Chromium: cameras come, go and change."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from pipeline import parse
from tests.end_to_end.browsers import accessibility_findings, new_page, wait_until

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import LIVE, watch

STILL = "{name: still, model: image_file, attributes: {path: still.png}}"


def scene(name: str = "scene", width_px: int = 320) -> str:
    """Return the block of a camera."""
    size = f"{{width_px: {width_px}, height_px: {width_px * 9 // 16}}}"
    return f"{{name: {name}, model: test_pattern, linger_s: 0.5, attributes: {size}}}"


def configure(served: Served, folder: Path, *cameras: str) -> None:
    """Replace the cameras of a running server."""
    graph = served.running.graph
    config = parse(f"cameras: [{', '.join(cameras)}]", "test.yaml", folder)
    graph.reconfigure(replace(config, server=graph.config.server))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("follows")


@pytest.fixture(scope="module")
def running(browser: Browser, folder: Path) -> Iterator[Served]:
    before = threads_now()
    with Served(folder, f"cameras: [{scene()}, {STILL}]") as running:
        yield running
    check_threads(before)


@pytest.fixture
def served(running: Served, folder: Path) -> Served:
    configure(running, folder, scene(), STILL)
    return running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with new_page(browser) as page:
        yield page


def test_cards_appear_and_go_in_the_order_of_the_file(page: Page, served: Served, folder: Path) -> None:
    page.goto(served.running.url)
    names = page.get_by_role("heading", level=2)
    expect(names).to_have_text(["scene", "still"])
    configure(served, folder, scene("first"), scene("renamed"), STILL)
    expect(names).to_have_text(["first", "renamed", "still"])
    expect(page.locator("#summary")).to_have_text("3 cameras")
    watch(page, "renamed")
    page.get_by_role("button", name="Stop all").click()


def test_who_watches_a_camera_that_is_removed_is_told_and_sees_it_again_when_it_is_back(
    page: Page, served: Served, folder: Path
) -> None:
    page.goto(served.running.url)
    found = watch(page, "scene")
    configure(served, folder, STILL)
    expect(found.get_by_role("status")).to_have_text("scene was removed from the configuration.")
    expect(found.locator(".spinner")).to_be_hidden()
    expect(found.locator(".state")).to_have_text("Removed")
    expect(page.locator("#summary")).to_have_text("1 camera")
    assert accessibility_findings(page) == []
    configure(served, folder, STILL, scene())
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    configure(served, folder, STILL)
    found.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("main")).to_be_focused()


def test_a_camera_that_was_away_for_a_moment_plays_by_itself(page: Page, served: Served) -> None:
    page.route("**/whep/scene", lambda route: route.fulfill(status=404, json={"detail": "there is no camera"}), times=1)
    page.goto(served.running.url)
    watch(page, "scene")
    page.get_by_role("button", name="Stop all").click()


def test_the_page_of_a_removed_camera_says_so_until_it_is_back(page: Page, served: Served, folder: Path) -> None:
    page.goto(f"{served.running.url}watch/scene")
    tile = page.get_by_role("article", name="scene")
    expect(tile).to_have_attribute("data-play", LIVE, timeout=15_000)
    configure(served, folder, STILL)
    expect(tile.get_by_role("status")).to_have_text("scene was removed from the configuration.")
    assert "brightness(0.42)" in tile.locator(".still").evaluate("still => getComputedStyle(still).filter")
    configure(served, folder, scene(), STILL)
    expect(tile).to_have_attribute("data-play", LIVE, timeout=15_000)


def test_a_picture_that_changes_its_size_continues_in_the_same_session(
    page: Page, served: Served, folder: Path
) -> None:
    page.goto(f"{served.running.url}watch/scene")
    expect(page.get_by_role("article")).to_have_attribute("data-play", LIVE, timeout=15_000)
    offers: list[Request] = []
    page.on("request", lambda request: offers.append(request) if request.method == "POST" else None)
    configure(served, folder, scene(width_px=640), STILL)
    wait_until(page, "document.querySelector('video').videoWidth === 640")
    expect(page.get_by_role("article")).to_have_attribute("data-play", LIVE)
    assert offers == []
