"""The pages of a server with tokens, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.end_to_end.browsers import launch

from ..conftest import check_threads, classifier, threads_now
from ..served import Served, encoded
from .test_page_in_browser import watch

TOKEN = "correct-horse-battery"
CONFIG = f"""
cameras:
  - {{name: scene, model: test_pattern, attributes: {{width_px: 320, height_px: 180}}, linger_s: 0.5}}
  - {{name: still, model: image_file, attributes: {{path: still.png}}}}
server: {{tokens: [{TOKEN}]}}
"""
INVALID = "That token is not valid."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        with launch(playwright) as started:
            yield started


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("page"), CONFIG, (classifier(),)) as running:
        running.client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(served.running.url)
    yield page
    context.close()
    assert errors == []


def enter(page: Page, token: str) -> None:
    """Type a token into the dialog."""
    dialog = page.get_by_role("dialog", name="Token")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Your token")).to_be_focused()
    page.keyboard.type(token)
    page.keyboard.press("Enter")


def test_the_page_prompts_for_a_token_and_then_plays(page: Page, served: Served) -> None:
    expect(page.get_by_role("article")).to_have_count(0)
    enter(page, TOKEN)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("article")).to_have_count(2)
    found = watch(page, "scene")
    assert served.client.get("/api/cameras/scene").json()["viewers"] == 1
    with page.expect_response(lambda response: response.request.method == "DELETE") as ended:
        found.get_by_role("button", name="Stop scene").click()
    assert ended.value.status == 200
    assert TOKEN not in page.url


def test_a_wrong_token_is_reported_and_prompted_for_again(page: Page) -> None:
    for wrong in ("incorrect-horse-battery", "zwölf Boxkämpfer", "short"):
        enter(page, wrong)
        expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(INVALID)
        page.get_by_label("Your token").fill("")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("Enter the token first.")
    enter(page, f" {TOKEN} ")
    expect(page.get_by_role("article")).to_have_count(2)


def test_the_dialog_stays_open_until_a_token_is_entered(page: Page) -> None:
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_visible()
    enter(page, TOKEN)
    expect(page.get_by_role("article")).to_have_count(2)


def test_the_token_is_kept_for_one_tab_until_it_is_forgotten(page: Page, served: Served) -> None:
    enter(page, TOKEN)
    expect(page.get_by_role("article")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(2)
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    other = page.context.new_page()
    other.goto(served.running.url)
    expect(other.get_by_role("dialog", name="Token")).to_be_visible()
    other.close()
    page.get_by_role("button", name="Forget token").click()
    expect(page.get_by_role("dialog", name="Token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_other_pages_use_the_same_token(page: Page, served: Served) -> None:
    page.goto(f"{served.running.url}run")
    enter(page, TOKEN)
    expect(page.get_by_role("radio", name="Labels")).to_be_checked()
    page.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": encoded()})
    expect(page.locator("#results li").first).to_contain_text("star")
    shell = page.locator("#shell pre")
    expect(shell).to_contain_text('curl -H "Authorization: Bearer $CAMWEAVE_TOKEN" ')
    page.goto(f"{served.running.url}docs")
    expect(page.get_by_role("heading", name="WebRTC")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="openapi.json").click()
    assert download.value.suggested_filename == "openapi.json"
    assert TOKEN not in page.content()
