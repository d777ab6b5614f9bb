"""The pages of a server with tokens, in Chromium."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect
from pydantic import SecretStr

from pipeline import Token, plain_token
from server.core import Grants
from tests.end_to_end.browsers import new_page

from ..conftest import check_threads, classifier, threads_now
from ..served import Served, encoded
from .test_page_in_browser import LIVE, watch

TOKEN = "correct-horse-battery"
CONFIG = f"""
cameras:
  - {{name: scene, model: test_pattern, attributes: {{width_px: 320, height_px: 180}}, linger_s: 0.5}}
  - {{name: still, model: image_file, attributes: {{path: still.png}}}}
server: {{tokens: [{TOKEN}], origins: ["http://localhost:PORT"]}}
"""
SHOWN = """src => new Promise(done => {
  const image = new Image();
  image.onload = () => done(true);
  image.onerror = () => done(false);
  image.src = src;
})"""
INVALID = "That token is not valid."


class Panel(BaseHTTPRequestHandler):
    """Answers with a frame around the address after the path."""

    def do_GET(self) -> None:
        body = f'<iframe src="{self.path.lstrip("/")}" width="1200" height="800"></iframe>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def panel() -> Iterator[str]:
    """Run another site, of the origin that the configuration allows."""
    host = ThreadingHTTPServer(("127.0.0.1", 0), Panel)
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://localhost:{host.server_address[1]}"
    host.shutdown()
    thread.join()
    host.server_close()


@pytest.fixture(scope="module")
def served(browser: Browser, panel: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    config = CONFIG.replace("http://localhost:PORT", panel)
    with Served(tmp_path_factory.mktemp("page"), config, (classifier(),)) as running:
        running.client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with new_page(browser) as page:
        page.goto(served.running.url)
        yield page


def enter(page: Page, token: str) -> None:
    """Type a token into the dialog."""
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Your token")).to_be_focused()
    page.keyboard.type(token)
    page.keyboard.press("Enter")


@contextmanager
def tokens_of(served: Served, *tokens: Token) -> Iterator[None]:
    """Let the server have other tokens during the block, as after a reload."""
    graph = served.running.graph
    before = graph.config
    graph.reconfigure(replace(before, server=before.server.model_copy(update={"tokens": tokens})))
    try:
        yield
    finally:
        graph.reconfigure(before)


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
        expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
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


def test_the_browser_stays_signed_in_until_it_signs_out(page: Page, served: Served) -> None:
    enter(page, TOKEN)
    expect(page.get_by_role("article")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(2)
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], page.evaluate("document.cookie")) == (True, "Strict", "")
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert TOKEN not in kept + cookie["value"]
    other = page.context.new_page()
    other.goto(served.running.url)
    expect(other.get_by_role("article")).to_have_count(2)
    # What the page itself loads is covered too, and scripts without a header.
    assert other.evaluate(SHOWN, "/api/cameras/still/image")
    other.close()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()
    assert page.context.cookies() == []


def test_the_sign_in_page_opens_the_page_that_was_wanted_but_none_of_another_site(page: Page, served: Served) -> None:
    for wanted, opened in (
        ("run", "run"),
        ("//evil.example/", ""),
        ("https://evil.example/", ""),
        ("javascript:alert(1)", ""),
    ):
        page.context.clear_cookies()
        page.goto(f"{served.running.url}sign-in?next={wanted}")
        expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
        page.get_by_label("Your token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{served.running.url}{opened}")


def link_for(served: Served, camera: str) -> str:
    """Return a link as `camweave link` makes it."""
    tokens = served.running.backend.config.server.tokens
    return Grants(lambda: tokens).sign("link", tokens[0], camera, time.time() + 600)


def is_offer(response: Response) -> bool:
    return response.request.method == "POST" and "/whep/scene" in response.url


def test_a_link_plays_in_a_frame_of_another_site(page: Page, served: Served, panel: str) -> None:
    with page.expect_response(is_offer) as made:
        page.goto(f"{panel}/{served.running.url}watch/scene?link={link_for(served, 'scene')}")
    assert made.value.status == 201
    assert page.context.cookies() == []


@pytest.mark.parametrize(
    ("entry", "way", "missing"), [("cookie", "MSE", ()), ("link", "MSE", ()), ("link", "MJPEG", ("MediaSource",))]
)
def test_every_way_to_play_carries_the_token(
    page: Page, served: Served, panel: str, entry: str, way: str, missing: tuple[str, ...]
) -> None:
    for name in ("RTCPeerConnection", *missing):
        page.add_init_script(f"delete window.{name}")
    if entry == "link":
        page.goto(f"{panel}/{served.running.url}watch/scene?link={link_for(served, 'scene')}")
        tile = page.frame_locator("iframe").get_by_role("article")
    else:
        enter(page, TOKEN)
        expect(page.get_by_role("article")).to_have_count(2)
        page.goto(f"{served.running.url}watch/scene")
        tile = page.get_by_role("article")
    expect(tile).to_have_attribute("data-play", LIVE, timeout=15_000)
    expect(tile.locator(".way")).to_have_text(way)
    assert bool(page.context.cookies()) == (entry == "cookie")


def test_a_request_on_its_way_while_signing_in_opens_no_second_dialog(page: Page, served: Served) -> None:
    enter(page, TOKEN)
    expect(page.get_by_role("article")).to_have_count(2)
    page.evaluate(
        """async () => {
          const { fetchWithToken } = await import("./page/shared/token.js");
          const cookieless = window.fetch;
          let answer;
          window.fetch = (url, init) => {
            window.fetch = cookieless;
            return new Promise((done) => { answer = () => done(new Response("", { status: 401 })); });
          };
          const late = fetchWithToken("api/cameras");
          await Promise.resolve();
          const first = cookieless("sign-out", { method: "POST", headers: { "X-Requested-With": "camweave" } });
          await first;
          window.prompted = fetchWithToken("api/vision").then((response) => response.status);
          window.answerLate = answer;
          window.late = late.then((response) => response.status);
        }"""
    )
    enter(page, TOKEN)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert (
        page.evaluate("async () => { window.answerLate(); return [await window.prompted, await window.late]; }")
        == [200] * 2
    )
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_tab_asks_for_the_token_of_a_picture(browser: Browser, served: Served) -> None:
    picture = f"{served.running.url}api/cameras/still/image"
    for token, status in (("incorrect-horse-battery", 401), (TOKEN, 200)):
        with browser.new_context(http_credentials={"username": "any", "password": token}) as context:
            response = context.new_page().goto(picture)
            assert response is not None and response.status == status


def test_a_link_plays_without_signing_in(page: Page, served: Served) -> None:
    link = link_for(served, "scene")
    with page.expect_response(is_offer) as made:
        page.goto(f"{served.running.url}watch/scene?link={link}")
    assert made.value.status == 201
    assert page.context.cookies() == []
    assert page.evaluate("[...Object.values(localStorage), ...Object.values(sessionStorage)].join()").find(link) < 0
    page.goto(f"{served.running.url}?link={link}")
    expect(page.get_by_role("article")).to_have_count(1)
    page.goto(f"{served.running.url}watch/scene?link={link}x")
    expect(page.get_by_text("The link is not valid.").first).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


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
    assert TOKEN not in page.content()
    page.get_by_role("link", name="openapi.json").click()
    page.wait_for_url(f"{served.running.url}openapi.json")
    assert '"openapi"' in page.content()


def test_who_watches_is_told_when_the_token_loses_the_camera_and_when_it_is_removed(page: Page, served: Served) -> None:
    enter(page, TOKEN)
    found = watch(page, "scene")
    [token] = served.running.backend.config.server.tokens
    with tokens_of(served, token.model_copy(update={"cameras": ("still",)})):
        expect(found.get_by_role("status")).to_have_text("This token does not allow camera 'scene'.")
    expect(found.locator(".state")).to_have_text("Live")
    with tokens_of(served, plain_token(SecretStr("another-token-of-them-all"))):
        dialog = page.get_by_role("dialog", name="Sign in")
        expect(dialog.get_by_role("alert")).to_have_text(
            "You are signed out: the token was removed or changed, or 30 days have passed."
        )
        expect(dialog.get_by_label("Your token")).to_be_focused()
    enter(page, TOKEN)
    expect(found.locator(".state")).to_have_text("Live")
