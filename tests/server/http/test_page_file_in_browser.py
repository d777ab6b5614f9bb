"""What the page says of the configuration file, in Chromium."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsers import accessibility_findings, new_page

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import card

CONFIG = """
cameras:
  - {name: still, model: image_file, attributes: {path: still.png}}
  - name: seen
    model: transform
    attributes: {source: still, pipeline: [{type: rotate, attributes: {angle_degs: 90}}]}
"""


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("file"), CONFIG) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with new_page(browser) as page:
        page.goto(served.running.url)
        yield page


def test_what_is_wrong_with_the_file_is_said_until_it_is_mended(page: Page, served: Served) -> None:
    banner = page.locator("#problems")
    expect(card(page, "seen")).to_be_visible()
    expect(banner).to_be_hidden()
    before = served.path.read_text("utf-8")
    served.path.write_text(before.replace("90", "ninety"), "utf-8")
    try:
        served.client.post("/api/reload")
        expect(banner).to_contain_text("test.yaml cannot be applied; the cameras run on as before.")
        expect(banner.get_by_role("listitem")).to_have_text(
            re.compile(r'^line 6, column \d+: .*must be a number, got "ninety"$')
        )
        assert accessibility_findings(page) == []
    finally:
        served.path.write_text(before, "utf-8")
        served.client.post("/api/reload").raise_for_status()
    expect(banner).to_be_hidden()


def test_what_needs_a_restart_is_said_and_edit_is_offered_where_it_is_on(browser: Browser, served: Served) -> None:
    known = served.client.get("/api/configuration").json()
    known |= {"restart_needed": ["server.host", "server.port"], "editable": True}
    with new_page(browser) as page:
        page.route("**/api/configuration", lambda route: route.fulfill(json=known))
        page.goto(served.running.url)
        expect(page.locator("#problems")).to_have_text("Restart the server to apply server.host and server.port.")
        expect(page.get_by_role("link", name="Edit")).to_have_attribute("href", re.compile("/edit$"))
        known["editable"] = False
        expect(page.get_by_role("link", name="Edit")).to_be_hidden()


def test_without_the_right_the_page_asks_once_and_shows_no_controls(browser: Browser, served: Served) -> None:
    asked: list[str] = []
    with new_page(browser) as page:
        refusal = json.dumps({"detail": "this token lacks the right control"})
        page.route("**/api/configuration", lambda route: route.fulfill(status=403, body=refusal))
        page.on("request", lambda request: asked.append(request.url) if "/api/c" in request.url else None)
        page.goto(served.running.url)
        for _ in range(3):
            with page.expect_response(re.compile("/api/cameras$")):
                pass
        expect(card(page, "seen").locator(".adjust")).to_be_hidden()
        expect(page.get_by_role("link", name="Edit")).to_be_hidden()
    assert sum(url.endswith("/api/configuration") for url in asked) == 1
