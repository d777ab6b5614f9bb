"""A page of another site cannot open a camera: not by a frame, a picture, a link or a window."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.end_to_end.browsers import launch
from tests.serving import Serving

CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 160, height_px: 90}}
"""
FRAME = "address => { document.body.append(Object.assign(document.createElement('iframe'), {src: address})); }"
WINDOW = "address => { window.open(address); }"
ATTEMPTS = {
    "frame": FRAME,
    "picture": "address => { document.body.append(Object.assign(new Image(), {src: address})); }",
    "video": "address => { document.body.append(Object.assign(document.createElement('video'), {src: address})); }",
    "window": WINDOW,
    "window without opener": "address => { window.open(address, '', 'noopener,noreferrer'); }",
    "request without CORS": "address => { fetch(address, {mode: 'no-cors'}).catch(() => {}); }",
}
SHOWN = ("frame", "window", "window without opener")  # the browser shows the refusal; it hides the others from the page


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Send an empty page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "one.yaml").write_text(CONFIG)
    with Serving("one.yaml", cwd=folder) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, launch(playwright) as started:
        yield started


@pytest.fixture
def foreign(browser: Browser) -> Iterator[Page]:
    """A page of another site: for browsers, ``localhost`` is another site than ``127.0.0.1``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(f"http://localhost:{server.server_port}/")
            yield page
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("way", ATTEMPTS)
def test_the_picture_of_a_camera_is_refused_and_the_camera_stays_closed(
    serving: Serving, foreign: Page, way: str
) -> None:
    address = f"{serving.url}api/cameras/scene/image"
    event = "requestfinished" if way in SHOWN else "requestfailed"
    with foreign.context.expect_event(event, lambda request: request.url == address) as ended:
        foreign.evaluate(ATTEMPTS[way], address)
    if way in SHOWN:
        answer = ended.value.response()
        assert answer is not None
        assert answer.status == 403
    else:
        assert ended.value.failure.startswith("net::ERR_BLOCKED_BY_RESPONSE")
    camera = serving.camera("scene")
    assert (camera["state"], camera["counters"]["decoded"]) == ("idle", 0)


def test_a_page_that_it_opens_starts_no_camera(serving: Serving, foreign: Page) -> None:
    with foreign.context.expect_page() as opened:
        foreign.evaluate(WINDOW, f"{serving.url}watch/scene")
    expect(opened.value.get_by_role("button", name="Watch scene")).to_be_visible()
    camera = serving.camera("scene")
    assert (camera["state"], camera["viewers"]) == ("idle", 0)


def test_a_page_in_its_frame_shows_nothing(serving: Serving, foreign: Page) -> None:
    for path in ("", "watch/scene", "run"):
        with foreign.context.expect_event("response", lambda response: "/127.0.0.1:" in response.url) as answered:
            foreign.evaluate(FRAME, f"{serving.url}{path}")
        assert "frame-ancestors 'none'" in answered.value.headers["content-security-policy"]
    assert serving.camera("scene")["state"] == "idle"
