"""Chromium plays a camera where WebRTC gets no packet through: as MP4 over a WebSocket, or as single pictures."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.end_to_end.browsers import accessibility_findings, new_page, wait_until

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import LIVE, card

CONFIG = """
cameras:
  - name: scene
    model: test_pattern
    linger_s: 0.5
    stream: {key_frame_interval_s: 1}
    attributes: {width_px: 320, height_px: 180}
  - name: framed
    model: transform
    linger_s: 0.5
    attributes:
      source: scene
      pipeline:
        - type: crop
          attributes: {x_min_px: 0.2, y_min_px: 0.2, x_max_px: 0.8, y_max_px: 0.8, overlay_crop_box: true}
  - {name: still, model: image_file, attributes: {path: still.png}}
"""
HTTP = (Path(__file__).parents[3] / "docs" / "http.md").read_text("utf-8")
NOBODY = "192.0.2.1"  # of a network for documentation: nobody answers there (RFC 5737)
CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ udp \d+) \S+ ", re.MULTILINE | re.IGNORECASE)
NO_WEBRTC = "delete window.RTCPeerConnection"
NO_MSE = "delete window.MediaSource; delete window.ManagedMediaSource"
# As a proxy that knows no WebSockets answers.
NO_WEBSOCKET = """
    const WithPath = WebSocket;
    window.WebSocket = class extends WithPath {
        constructor(address) {
            super(address.replace("stream.mp4", "nothing"));
        }
    };
"""
MANAGED = """
    window.ManagedMediaSource = class extends MediaSource {
        streaming = false;
        constructor() {
            super();
            window.managed = this;
        }
        start() {
            this.streaming = true;
            this.dispatchEvent(new Event("startstreaming"));
        }
    };
    delete window.MediaSource;
"""


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("ways"), CONFIG) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with new_page(browser) as page:
        yield page


def unanswered(route: Route) -> None:
    """Let offer and answer name addresses at which nobody answers."""
    offer = route.request.post_data or ""
    response = route.fetch(post_data=CANDIDATE.sub(rf"\1 {NOBODY} ", offer))
    route.fulfill(response=response, body=CANDIDATE.sub(rf"\1 {NOBODY} ", response.text()))


def open_page(page: Page, served: Served, *scripts: str, path: str = "watch/scene") -> Locator:
    """Open a page of one camera with changes to what the browser has, and return its tile."""
    for script in scripts:
        page.add_init_script(script)
    page.goto(served.running.url + path)
    return page.get_by_role("article")


def plays(found: Locator, way: str) -> None:
    """Wait until a picture is live, and check by which way."""
    expect(found).to_have_attribute("data-play", LIVE, timeout=20_000)
    expect(found.locator(".way")).to_have_text(way)


def moves(page: Page, picture: str = ".picture.shown") -> None:
    """Wait until what the page shows has changed."""
    page.evaluate(
        """() => {
            const canvas = document.createElement("canvas");
            const context = canvas.getContext("2d", { willReadFrequently: true });
            window.shown = () => {
                context.drawImage(document.querySelector(".picture.shown"), 0, 0, 300, 150);
                return context.getImageData(0, 0, 300, 150).data.join();
            };
            window.first = shown();
        }"""
    )
    wait_until(page, "shown() !== first")


def sessions(served: Served, name: str = "scene", key: str = "kind") -> list[Any]:
    """Return what the server says of each session of a camera."""
    return sorted(session[key] for session in served.client.get(f"/api/cameras/{name}").json()["sessions"])


def wait_for_sessions(served: Served, wanted: list[Any], name: str = "scene", key: str = "kind") -> None:
    deadline = time.monotonic() + 20
    while (found := sessions(served, name, key)) != wanted:
        assert time.monotonic() < deadline, found


def test_without_an_answer_over_udp_it_plays_mp4_and_moves_to_webrtc_when_that_works(
    page: Page, served: Served
) -> None:
    page.route("**/whep/scene*", unanswered)
    found = open_page(page, served)
    plays(found, "MSE")
    assert "mp4" in sessions(served)
    moves(page)
    assert accessibility_findings(page) == []
    page.evaluate(
        """() => {
            window.states = [];
            const tile = document.querySelector("article");
            const observer = new MutationObserver(() => states.push(tile.dataset.play));
            observer.observe(tile, { attributeFilter: ["data-play"] });
        }"""
    )
    page.unroute("**/whep/scene*")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(found.locator(".way")).to_have_text("WebRTC", timeout=20_000)
    assert set(page.evaluate("states")) <= {"live"}, "the picture has stayed"
    assert page.locator(".picture").count() == 1
    wait_for_sessions(served, ["webrtc"])


def test_where_a_proxy_passes_no_websockets_on_it_shows_single_pictures(page: Page, served: Served) -> None:
    found = open_page(page, served, NO_WEBRTC, NO_WEBSOCKET)
    plays(found, "MJPEG")
    moves(page)
    assert sessions(served) == ["mjpeg"]
    assert accessibility_findings(page) == []


def test_with_neither_udp_nor_media_source_extensions_it_shows_single_pictures(page: Page, served: Served) -> None:
    page.route("**/whep/scene*", unanswered)
    plays(open_page(page, served, NO_MSE), "MJPEG")
    moves(page)


def test_an_answer_that_there_is_no_webrtc_leads_to_the_next_way(page: Page, served: Served) -> None:
    page.route("**/whep/scene*", lambda route: route.fulfill(status=406, json={"detail": "no codec in common"}))
    plays(open_page(page, served), "MSE")


def test_a_card_says_how_its_picture_comes_and_its_figures_go_on(page: Page, served: Served) -> None:
    open_page(page, served, NO_WEBRTC, path="")
    found = card(page, "framed")
    found.get_by_role("button", name="Watch framed").click()
    plays(found, "MSE")
    expect(found.locator(".way")).to_have_attribute("title", re.compile("Video over TCP"))
    expect(found.locator(".rate")).to_have_text(re.compile(r"^(2\d|3\d) fps$"), timeout=15_000)
    expect(found.locator(".size")).to_have_attribute("title", re.compile("received over MSE as H264"))
    expect(found.locator(".viewers")).to_have_text("1")
    for wanted in (False, True):
        found.get_by_role("button", name="Labels and boxes on framed").click()
        expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
        wait_for_sessions(served, [wanted], "framed", "annotations")
    found.get_by_role("button", name="Stop framed").click()
    expect(found.locator(".viewers")).to_have_text("0")
    assert found.locator(".picture").count() == 1, "only that of WebRTC is left"


def test_a_camera_with_one_picture_shows_it(page: Page, served: Served) -> None:
    plays(open_page(page, served, NO_WEBRTC, path="watch/still"), "MSE")


def test_a_hidden_tab_receives_nothing_and_goes_on_with_what_has_worked(page: Page, served: Served) -> None:
    found = open_page(page, served, NO_WEBRTC)
    plays(found, "MSE")
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    wait_for_sessions(served, [])
    page.evaluate(hide, False)
    plays(found, "MSE")
    page.evaluate("() => { delete document.hidden; }")


def test_it_keeps_close_to_the_newest_picture_and_forgets_the_oldest(page: Page, served: Served) -> None:
    open_page(page, served, NO_WEBRTC, "import('/page/playing/mse.js').then(({ Mse }) => { Mse.keptS = 0.5; })")
    plays(page.get_by_role("article"), "MSE")
    page.evaluate("() => { window.video = document.querySelector('video.shown'); }")
    wait_until(page, "video.buffered.start(0) >= 1")  # a key frame each second
    assert page.evaluate("video.buffered.length") == 1
    behind = "video.buffered.end(0) - video.currentTime"
    wait_until(page, f"{behind} < 0.7")
    page.evaluate("() => { video.pause(); }")
    wait_until(page, f"!video.paused && {behind} < 0.7")
    moves(page)


def test_a_managed_media_source_gets_pictures_only_when_it_wants_them(page: Page, served: Served) -> None:
    found = open_page(page, served, NO_WEBRTC, MANAGED)
    wait_until(page, "window.managed?.sourceBuffers.length === 1")
    assert page.evaluate("document.querySelector('video.picture[src]').disableRemotePlayback")
    wait_until(page, "document.querySelector('article').dataset.play === 'waiting'")
    assert page.evaluate("managed.sourceBuffers[0].buffered.length") == 0
    page.evaluate("managed.start()")
    plays(found, "MSE")
    moves(page)


def test_the_documented_lines_play(page: Page, served: Served) -> None:
    found = re.search(r"^```js\n(const source.*?)^```", HTTP, re.MULTILINE | re.DOTALL)
    assert found is not None
    lines = found[1].replace("127.0.0.1:8080", served.client.base_url.netloc.decode())
    page.goto(f"{served.running.url}run")  # whose policy allows it; it has no video of its own
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('video'), { muted: true, autoplay: true }))"
    )
    page.evaluate(f"async () => {{ {lines} }}")
    wait_until(page, "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 10")


REACHES = [
    ("a=candidate:1 1 udp 1 192.0.2.7 50000 typ host", "camera.local", "likely"),
    ("a=candidate:1 1 udp 1 127.0.0.1 50000 typ host", "127.0.0.1", "likely"),
    ("a=candidate:1 1 udp 1 127.0.0.1 50000 typ host", "localhost", "likely"),
    ("a=candidate:1 1 udp 1 ::1 50000 typ host", "[::1]", "likely"),
    ("a=candidate:1 1 udp 1 127.0.0.1 5 typ host\r\na=candidate:2 1 udp 1 2001:db8::1 5 typ host", "x.org", "likely"),
    ("a=candidate:1 1 udp 1 127.0.0.1 50000 typ host", "camera.example.org", "doubtful"),
    ("a=end-of-candidates", "localhost", "none"),
]


def test_an_answer_tells_whether_its_addresses_can_be_reached(page: Page, served: Served) -> None:
    page.goto(f"{served.running.url}docs")
    found: list[Any] = page.evaluate(
        """async (all) => {
            const { reachOf } = await import("/page/playing/webrtc.js");
            return all.map(([answer, host]) => reachOf(answer, host));
        }""",
        [[answer, host] for answer, host, _ in REACHES],
    )
    assert found == [reach for _, _, reach in REACHES]


def test_pictures_are_found_in_a_response_whatever_pieces_it_comes_in(page: Page, served: Served) -> None:
    page.goto(f"{served.running.url}docs")
    pictures = ["a" * 10, "", "\r\n\r\n--frame\r\n", "b" * 3000]
    head = "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n{}\r\n"
    body = "".join(head.format(len(picture), picture) for picture in pictures)
    found = page.evaluate(
        """async ([body, sizes]) => {
            const { PictureParts } = await import("/page/playing/parts.js");
            const bytes = new TextEncoder().encode(body);
            return sizes.map((size) => {
                const parts = new PictureParts();
                const found = [];
                for (let at = 0; at < bytes.length; at += size) found.push(...parts.add(bytes.slice(at, at + size)));
                return found.map((each) => new TextDecoder().decode(each));
            });
        }""",
        [body, [1, 7, 64, 5000]],
    )
    assert found == [pictures] * 4
