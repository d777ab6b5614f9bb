"""The camera page with thirty cameras, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsers import accessibility_findings, new_page

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import LIVE, card

PATTERN = "model: test_pattern, linger_s: 0.5, attributes: {width_px: 160, height_px: 90, frame_rate: 5}"
CHAINED = "model: transform, linger_s: 0.5"
CONFIG = "\n".join(
    [
        "cameras:",
        *(f"  - {{name: gate-{number}, {PATTERN}}}" for number in range(1, 24)),
        "  - {name: still, model: image_file, attributes: {path: still.png}}",
        *(
            f"  - {{name: {source}-{kind}, {CHAINED}, attributes: {{source: {source}, pipeline: "
            f"[{{type: {kind}, attributes: {{{values}}}}}]}}}}"
            for source in ("gate-3", "gate-7")
            for kind, values in (("rotate", "angle_degs: 90"), ("flip", "direction: vertical"), ("identity", ""))
        ),
    ]
)


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("many"), CONFIG) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with new_page(browser) as page:
        page.goto(served.running.url)
        expect(page.get_by_role("article")).to_have_count(30)
        yield page


def test_thirty_cameras_are_small_cards_in_groups_by_source(page: Page) -> None:
    expect(page.locator("h2.group")).to_have_text(["gate-34 cameras", "gate-74 cameras", "Other cameras22 cameras"])
    headings = page.locator("h2[aria-level='3']")
    expect(headings).to_have_count(30)
    expect(headings.nth(0)).to_have_text("gate-3")
    expect(headings.nth(3)).to_have_text("gate-3-identity")
    expect(headings.nth(4)).to_have_text("gate-7")
    width = card(page, "gate-3").evaluate("element => element.offsetWidth")
    assert width < 300
    assert accessibility_findings(page) == []


def test_the_layout_is_remembered(page: Page) -> None:
    for name in ("Compact", "Groups by source"):
        button = page.get_by_role("button", name=name)
        expect(button).to_have_attribute("aria-pressed", "true")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.locator("h2[aria-level='2']")).to_have_count(30)
    expect(page.locator("h2.group")).to_have_count(0)
    page.reload()
    expect(page.locator("h2[aria-level='2']")).to_have_count(30)
    expect(page.locator("h2.group")).to_have_count(0)
    assert card(page, "gate-1").evaluate("element => element.offsetWidth") > 350
    assert accessibility_findings(page) == []


def test_cameras_are_found_by_name_source_and_transform(page: Page) -> None:
    search = page.get_by_role("searchbox", name="Find a camera")
    for words, count in (("flip", 2), ("GATE-7 flip", 1), ("rotate 90", 2), ("image", 1), ("nothing like it", 0)):
        search.fill(words)
        expect(page.get_by_role("article")).to_have_count(count)
        expect(page.locator("#found")).to_have_text(f"{count} found")
    expect(page.get_by_text("No camera has these words in its name, its model or its transforms.")).to_be_visible()
    page.goto(page.url + "#camera-gate-9")
    expect(page.get_by_role("article")).to_have_count(30)
    expect(card(page, "gate-9")).to_be_in_viewport()


def test_videos_continue_when_the_layout_changes(page: Page) -> None:
    found = card(page, "gate-3-flip")
    found.get_by_role("button", name="Watch gate-3-flip").click()
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    page.get_by_role("button", name="Groups by source").click()
    found.scroll_into_view_if_needed()
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    assert not found.locator("video").evaluate("video => video.paused")


def test_watch_all_receives_only_the_cameras_on_the_screen(page: Page, served: Served) -> None:
    page.get_by_role("button", name="Watch all").click()
    expect(card(page, "gate-3")).to_have_attribute("data-play", LIVE, timeout=30_000)
    last = page.get_by_role("article").last
    expect(last).to_have_attribute("data-paused", "")
    name = last.get_attribute("data-camera")
    while served.client.get(f"/api/cameras/{name}").json()["viewers"]:
        pass
    page.get_by_role("button", name="Stop all").click()


@pytest.mark.parametrize("width", [320, 375, 768, 1440])
def test_nothing_overflows_and_no_name_is_cut_off_at_any_width(browser: Browser, served: Served, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.goto(served.running.url)
        expect(page.get_by_role("article")).to_have_count(30)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = "names => names.filter((at) => at.scrollWidth > at.clientWidth || at.scrollHeight > at.clientHeight + 1)"
        assert page.locator(".card h2").evaluate_all(f"{cut}.map((name) => name.textContent)") == []
