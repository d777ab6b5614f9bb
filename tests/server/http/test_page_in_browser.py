"""The camera page in Chromium."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, expect

from pipeline.config.declarations.server import RtspConfig
from tests.end_to_end.browsers import accessibility_findings, new_page

from ..conftest import check_threads, threads_now
from ..served import Served

LIVE = re.compile("^live$")
NOTICED_S = 9.0  # after so long the server notices a viewer that has vanished
CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 320, height_px: 180}, linger_s: 0.5}
  - name: turned
    model: transform
    linger_s: 0.5
    attributes:
      source: scene
      pipeline: [{type: rotate, attributes: {angle_degs: 90}}, {type: identity, attributes: {}}]
  - name: framed
    model: transform
    linger_s: 0.5
    attributes:
      source: scene
      pipeline:
        - type: crop
          attributes: {x_min_px: 0.2, y_min_px: 0.2, x_max_px: 0.8, y_max_px: 0.8, overlay_crop_box: true}
  - {name: still, model: image_file, attributes: {path: still.png}}
  - {name: lost, model: stream, attributes: {url: "http://127.0.0.1:1/"}}
  - {name: hidden, model: image_file, private: true, attributes: {path: still.png}}
"""


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("page"), CONFIG) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with new_page(browser) as page:
        logged: list[str] = []
        page.on("console", lambda message: logged.append(message.text) if is_unexpected(message) else None)
        page.goto(served.running.url)
        yield page
    assert logged == []


def is_unexpected(message: ConsoleMessage) -> bool:
    """Return whether a console message is an error, other than the 404 for ending a session that has ended already."""
    ended_twice = "/whep/" in message.location["url"] and "404" in message.text
    return message.type == "error" and not ended_twice


def card(page: Page, name: str) -> Locator:
    return page.locator(f"#camera-{name}")


def watch(page: Page, name: str) -> Locator:
    """Start a camera and wait for its picture."""
    found = card(page, name)
    found.get_by_role("button", name=f"Watch {name}").click()
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    return found


def open_from_another_site(page: Page, served: Served, path: str) -> None:
    """Open a page of the server from a page of another site: for browsers, ``localhost`` is one."""
    page.goto(served.running.url.replace("127.0.0.1", "localhost") + "healthz")
    with page.expect_navigation():
        page.evaluate("address => { location.href = address; }", served.running.url + path)


def viewers(served: Served, name: str) -> int:
    count: int = served.client.get(f"/api/cameras/{name}").json()["viewers"]
    return count


def test_each_camera_has_a_card_and_does_not_play(page: Page, served: Served) -> None:
    expect(page.get_by_role("article")).to_have_count(6)
    expect(page.get_by_role("heading", level=2)).to_have_text(["scene", "turned", "framed", "still", "lost", "hidden"])
    assert page.locator("video").evaluate_all("all => all.every((video) => video.srcObject === null)")
    assert viewers(served, "scene") == 0


def test_a_card_shows_the_pipeline_of_its_camera(page: Page) -> None:
    chain = card(page, "turned").get_by_role("list", name="Pipeline of turned").get_by_role("listitem")
    expect(chain).to_have_text(["scenetest pattern", "rotate90°", "identity", "turned"])
    chain.first.get_by_role("link", name="scene").click()
    expect(page).to_have_url(re.compile("#camera-scene$"))


def test_watch_starts_a_camera_and_stop_ends_it(page: Page, served: Served) -> None:
    found = watch(page, "turned")
    expect(found.locator(".state")).to_have_text("Live")
    expect(found.locator(".size")).to_have_text("180 × 320")
    expect(found.locator(".rate")).to_have_text(re.compile(r"^(2\d|3\d) fps$"), timeout=15_000)
    expect(found.locator(".latency .sum")).to_have_text(re.compile(r"^\d+ ms( ± \d+ ms)?$"))
    expect(found.locator(".viewers")).to_have_text("1")
    assert viewers(served, "turned") == 1
    found.get_by_role("button", name="Stop turned").click()
    expect(found).to_have_attribute("data-play", "off")
    expect(found.locator(".viewers")).to_have_text("0")
    expect(found.get_by_role("button", name="Watch turned")).to_be_focused()


def test_a_camera_can_be_watched_by_keyboard(page: Page) -> None:
    expect(card(page, "scene")).to_be_visible()
    button = card(page, "scene").get_by_role("button", name="Watch scene")
    for _ in range(8):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(card(page, "scene")).to_have_attribute("data-play", LIVE, timeout=15_000)
    expect(card(page, "scene").get_by_role("button", name="Stop scene")).to_be_focused()
    page.keyboard.press("Space")
    expect(card(page, "scene")).to_have_attribute("data-play", "off")


def test_labels_and_boxes_can_be_switched_off(page: Page, served: Served) -> None:
    found = watch(page, "framed")
    button = found.get_by_role("button", name="Labels and boxes on framed")
    expect(button).to_have_attribute("aria-pressed", "true")
    for wanted in (False, True):
        with page.expect_response(lambda response: response.request.method == "POST"):
            button.click()
        expect(button).to_have_attribute("aria-pressed", str(wanted).lower())
        expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
        sessions = served.client.get("/api/cameras/framed").json()["sessions"]
        assert [session["annotations"] for session in sessions] == [wanted]
    expect(card(page, "turned").get_by_role("button", name="Labels and boxes on turned")).to_be_hidden()


def test_every_kind_of_prediction_is_listed_and_slow_models_are_named(browser: Browser, served: Served) -> None:
    cameras = served.client.get("/api/cameras").json()
    seen = [
        {"kind": "segmentation", "class_name": "sky", "coverage": 0.425},
        {"kind": "detection", "class_name": "mug", "confidence": 0.6},
        {"kind": "detection", "class_name": "mug", "confidence": 0.8},
        {"kind": "classification", "class_name": "mug", "confidence": 0.9},
        {"kind": "caption", "text": "a <b>red</b> star", "confidence": 0.7},
    ]
    cameras[0] |= {"state": "running", "annotates": True, "latest": {"predictions": seen}}
    slow = {"mode": "latest", "inferences_per_s": 4.96, "result_age_s": 0.31}
    cameras[0]["transforms"] = [
        {"type": "detections", "attributes": {"detector_name": "mugs"}, **slow},
        {"type": "captions", "attributes": {"captioner_name": "words"}, **slow, "result_age_s": None},
        {"type": "classifications", "attributes": {"classifier_name": "fast"}, **slow, "mode": "sync"},
        {"type": "segmentations", "attributes": {"segmenter_name": "sky", "delay_s": 0.5}, **slow, "mode": "delayed"},
    ]
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/api/cameras", lambda route: route.fulfill(json=cameras))
        page.goto(served.running.url)
        rows = card(page, "scene").locator(".predictions li")
        expect(rows).to_have_text(["a <b>red</b> star0.70", "mug0.90", "mug × 20.80", "skycovers 43 %"])
        steps = card(page, "scene").locator(".chain .step")
        expect(steps).to_have_text(
            [
                "detectionsmugs0.3 s old",
                "captionswordsno result",
                "classificationsfast",
                "segmentationsskydelayed by 0.5 s",
            ]
        )
        expect(steps.locator("small[title]").first).to_have_attribute("title", re.compile(r"\(5\.0 inferences/s\)\.$"))


def test_the_card_says_which_part_of_its_frames_a_busy_camera_uses(browser: Browser, served: Served) -> None:
    cameras = served.client.get("/api/cameras").json()
    counters = cameras[0]["counters"]
    cameras[0] |= {"state": "running"}
    shed_of_100 = 39

    def answer(route: Route) -> None:
        route.fulfill(json=cameras)
        counters["frames_in"] += 100 - shed_of_100
        for name in ("dropped", "shed"):
            counters[name] += shed_of_100

    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/api/cameras", answer)
        page.goto(served.running.url)
        expect(card(page, "scene").locator(".used")).to_have_text("Uses 61 % of the frames")
        expect(card(page, "turned").locator(".used"), "which is chained on it").to_have_text("Uses 61 % of the frames")
        shed_of_100 = 0
        expect(card(page, "scene").locator(".used")).to_be_hidden(timeout=20_000)


def test_a_model_can_be_run_on_the_picture_of_a_card(page: Page) -> None:
    found = card(page, "turned")
    found.get_by_text("Addresses").click()
    found.get_by_role("link", name="Run a model on its picture").click()
    expect(page.get_by_label("Camera", exact=True)).to_have_value("turned")
    expect(page.get_by_role("alert")).to_have_text(
        "The configuration has no vision services yet, so there is no model to run."
    )


def test_a_still_camera_shows_its_picture(page: Page) -> None:
    watch(page, "still")


def test_the_addresses_can_be_copied(page: Page, served: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    found = card(page, "scene")
    found.get_by_text("Addresses").click()
    expect(found.locator(".address .rtsp"), "there is no port for it").to_have_count(0)
    for what, path in (
        ("WHEP", "whep/scene"),
        ("Image", "api/cameras/scene/image"),
        ("MP4", "api/cameras/scene/stream.mp4"),
        ("MJPEG", "api/cameras/scene/stream.mjpg"),
    ):
        button = found.get_by_role("button", name=f"Copy the {what} address of scene")
        button.click()
        expect(button).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == served.running.url + path


def test_a_card_tells_the_address_for_rtsp(page: Page, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = served.running.backend.graph
    server = graph.config.server.model_copy(update={"rtsp": RtspConfig(port=8554)})
    monkeypatch.setattr(graph, "config", replace(graph.config, server=server))
    page.reload()
    found = card(page, "scene")
    found.get_by_text("Addresses").click()
    expect(found.locator(".address .rtsp")).to_have_text("rtsp://127.0.0.1:8554/scene")
    expect(found.get_by_role("button", name="Copy the RTSP address of scene")).to_be_visible()


def test_a_picture_can_fill_the_screen(page: Page) -> None:
    found = watch(page, "scene")
    found.get_by_role("button", name="Full screen: scene").click()
    page.wait_for_selector("#camera-scene .stage:fullscreen", state="attached")


@pytest.mark.parametrize(("name", "locks"), [("scene", ["landscape"]), ("turned", [])])
def test_a_phone_turns_to_landscape_for_a_wide_picture_in_full_screen(page: Page, name: str, locks: list[str]) -> None:
    page.evaluate("() => { window.locks = []; screen.orientation.lock = async (wanted) => { locks.push(wanted); }; }")
    found = watch(page, name)
    found.get_by_role("button", name=f"Full screen: {name}").click()
    page.wait_for_selector(f"#camera-{name} .stage:fullscreen", state="attached")
    assert page.evaluate("new Promise((done) => requestAnimationFrame(() => done(locks)))") == locks


def test_a_hidden_tab_receives_nothing_and_resumes_when_shown(page: Page, served: Served) -> None:
    found = watch(page, "scene")
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.evaluate(hide, True)
    assert viewers(served, "scene") == 0
    page.evaluate(hide, False)
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    assert viewers(served, "scene") == 1
    # Otherwise the page would see itself as visible while it closes, reconnect, and leave a viewer to the next test.
    page.evaluate("() => { delete document.hidden; }")


def test_leaving_the_page_ends_its_session(page: Page, served: Served) -> None:
    watch(page, "scene")
    page.goto(f"{served.running.url}healthz")
    deadline = time.monotonic() + NOTICED_S / 2
    while viewers(served, "scene"):
        assert time.monotonic() < deadline, "the server has had to notice by itself that the viewer is gone"


def test_what_was_watched_is_watched_again_after_a_reload(page: Page, served: Served) -> None:
    watch(page, "scene")
    watch(page, "still")
    page.reload()
    for name in ("scene", "still"):
        expect(card(page, name)).to_have_attribute("data-play", LIVE, timeout=15_000)
    card(page, "still").get_by_role("button", name="Stop still").click()
    page.reload()
    expect(card(page, "scene")).to_have_attribute("data-play", LIVE, timeout=15_000)
    expect(card(page, "still")).to_have_attribute("data-play", "off")
    page.get_by_role("button", name="Stop all").click()


def test_a_page_that_a_foreign_page_has_opened_watches_again_only_after_a_click(page: Page, served: Served) -> None:
    watch(page, "scene")
    open_from_another_site(page, served, "")
    again = page.get_by_role("button", name="Watch again")
    expect(again).to_be_visible()
    expect(card(page, "scene")).to_have_attribute("data-play", "off")
    again.click()
    expect(card(page, "scene")).to_have_attribute("data-play", LIVE, timeout=15_000)
    page.get_by_role("button", name="Stop all").click()


def test_a_camera_off_the_screen_pauses_and_resumes_when_scrolled_back(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": 500, "height": 500})
    found = watch(page, "scene")
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(found).to_have_attribute("data-paused", "")
    assert viewers(served, "scene") == 0
    page.evaluate("scrollTo(0, 0)")
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    assert found.get_attribute("data-paused") is None


def test_an_address_with_a_camera_scrolls_to_its_card(browser: Browser, served: Served) -> None:
    with browser.new_context(viewport={"width": 500, "height": 500}) as context:
        page = context.new_page()
        page.goto(f"{served.running.url}#camera-framed")
        expect(card(page, "framed")).to_be_in_viewport(ratio=0.5)
        expect(card(page, "framed")).to_be_focused()
        expect(card(page, "scene")).not_to_be_in_viewport()


def test_a_card_that_is_not_watched_shows_the_newest_picture_or_the_chain(browser: Browser, served: Served) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/framed/image?open=false", lambda route: route.fulfill(status=204))
        page.goto(served.running.url)
        drawn = card(page, "framed").locator(".drawn-chain > span")
        expect(drawn).to_have_text(["scene", "crop", "framed"])
        expect(drawn.first).to_be_visible()
        assert served.client.get("/api/cameras/turned/image").status_code == 200
        decoded = served.client.get("/api/cameras/scene").json()["counters"]["decoded"]
        while served.client.get("/api/cameras/turned").json()["state"] != "idle":
            pass
        page.reload()
        found = card(page, "turned")
        expect(found).to_have_attribute("data-still", "")
        expect(found.locator(".facts")).to_have_text(re.compile(r"^Picture from \d.*\d\d:\d\d"))
        expect(found.locator(".drawn-chain")).to_be_hidden()
        size = found.locator(".still").evaluate("canvas => [canvas.width, canvas.height]")
        assert size == [180, 320]
        assert served.client.get("/api/cameras/scene").json()["counters"]["decoded"] >= decoded
        assert served.client.get("/api/cameras/scene").json()["state"] == "idle"


def test_a_failed_camera_can_be_tried_again(browser: Browser, served: Served) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/whep/scene", lambda route: route.fulfill(status=403, json={"detail": "not now"}))
        page.goto(served.running.url)
        found = card(page, "scene")
        found.get_by_role("button", name="Watch scene").click()
        expect(found.get_by_role("status")).to_have_text("Not now.")
        expect(found.locator(".spinner")).to_be_hidden()
        page.unroute("**/whep/scene")
        found.get_by_role("button", name="Try again: scene").click()
        expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)


def test_a_lost_session_is_replaced(page: Page, served: Served) -> None:
    found = watch(page, "scene")
    secret = next(iter(served.running.backend.whep._sessions))
    with page.expect_response(lambda response: response.request.method == "POST", timeout=20_000):
        assert served.client.delete(f"/whep/scene/{secret}").status_code == 200
    expect(found).to_have_attribute("data-play", LIVE, timeout=15_000)
    page.get_by_role("button", name="Stop all").click()


def test_the_error_of_a_camera_is_shown(page: Page) -> None:
    found = card(page, "lost")
    found.get_by_role("button", name="Watch lost").click()
    expect(found.locator(".state")).to_have_text("Offline", timeout=15_000)
    expect(found.locator(".error")).to_contain_text("connection refused")
    expect(found.locator(".error")).to_contain_text("Trying again.")
    expect(found.get_by_role("status")).to_contain_text("Offline")
    expect(found.get_by_role("status")).to_contain_text("connection refused")
    expect(found.locator(".spinner")).to_be_hidden()


def test_a_private_camera_cannot_be_watched(page: Page) -> None:
    found = card(page, "hidden")
    expect(found.locator(".state")).to_have_text("Private")
    expect(found.get_by_role("button", name="Watch hidden")).to_be_hidden()
    expect(found.get_by_text("This camera is private: only other cameras use its frames.")).to_be_visible()


def test_an_unreachable_server_is_reported_until_it_answers(browser: Browser, served: Served) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(served.running.url)
        expect(card(page, "scene")).to_be_visible()
        page.route("**/api/cameras", lambda route: route.abort())
        expect(page.get_by_role("alert")).to_have_text("The server does not answer. Trying again.", timeout=10_000)
        page.unroute("**/api/cameras")
        expect(page.get_by_role("alert")).to_be_hidden(timeout=10_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 768, 1440])
def test_nothing_overflows_at_any_width(browser: Browser, served: Served, width: int, scheme: str) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(served.running.url)
        expect(card(page, "turned")).to_be_visible()
        for summary in page.get_by_text("Addresses").all():
            if summary.is_visible():
                summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, served: Served, scheme: str) -> None:
    with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(served.running.url)
        watch(page, "scene")
        card(page, "lost").get_by_role("button", name="Watch lost").click()
        expect(card(page, "lost").get_by_role("status")).to_contain_text("Offline")
        for summary in page.get_by_text("Addresses").all():
            if summary.is_visible():
                summary.click()
        assert accessibility_findings(page) == []
        page.goto(f"{served.running.url}docs")
        expect(page.get_by_role("heading", level=1)).to_contain_text("API, version")
        page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
        assert accessibility_findings(page) == []


def test_the_api_page_lists_every_operation(browser: Browser, served: Served, tmp_path: Path) -> None:
    document = served.client.get("/openapi.json").json()
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{served.running.url}docs")
        operations = sum(len(methods) for methods in document["paths"].values())
        expect(page.locator("summary .method")).to_have_count(operations)


def test_the_api_page_shows_bodies_and_responses(browser: Browser, served: Served) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{served.running.url}docs")
        expect(page.get_by_role("heading", level=2)).to_have_text(
            ["Cameras", "Live streams", "Configuration", "Editing", "Vision", "WebRTC", "Clarifai", "Access"]
            + ["Server", "Schemas"]
        )
        page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
        posted = page.locator("details", has_text="/api/vision/{service}/{kind}").filter(has_text="POST")
        bodies = posted.locator("table", has_text="Body").get_by_role("row")
        expect(bodies).to_contain_text(
            ["image/*", '{"image_url": string} or {"image_urls": list}', "multipart/form-data"]
        )
        expect(bodies.nth(1)).to_contain_text("allow_image_urls: true")
        expect(posted.locator("pre")).to_contain_text(
            """curl -d '{"image_url": "IMAGE_URL"}' -H 'Content-Type: application/json' 'http://"""
        )
        expect(posted.locator("table", has_text="Responses")).to_contain_text("PredictionReply or PredictionReplies")
        expect(posted.get_by_role("row", name="?exif")).to_contain_text("Default: true.")
        expect(page.get_by_text("Shorter forms of the address: /v2/")).to_be_visible()
        camera = page.locator("details", has=page.locator("summary", has_text="CameraInfo"))
        expect(camera.get_by_role("rowheader")).to_contain_text(["private", "annotates", "latest"])
        expect(camera.get_by_role("row", name="latency_ms")).to_contain_text("map of Percentiles")
        assert "`" not in page.locator("main").inner_text()
