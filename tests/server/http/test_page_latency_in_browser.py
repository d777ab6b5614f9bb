"""The latency on the cards: its stages, the clock of the server, and glass to glass, in Chromium."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.browsers import accessibility_findings, new_page

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import LIVE, card

CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 320, height_px: 180}, linger_s: 0.5}
  - name: turned
    model: transform
    linger_s: 0.5
    attributes:
      source: scene
      pipeline: [{type: rotate, attributes: {angle_degs: 90}}, {type: identity, attributes: {}}]
  - {name: still, model: image_file, attributes: {path: still.png}}
"""

STAGES = {
    "source": {"p50": 31.6, "p95": 40.2},
    "wait": {"p50": 0.44, "p95": 9.96},
    "1 detections": {"p50": 20.0, "p95": 30.0},
    "0 resize": {"p50": 1.0, "p95": 2.0},
    "10 crop": {"p50": 0.1, "p95": 0.2},
    "line": {"p50": 50.0, "p95": 60.0},
    "paint": {"p50": 1.0, "p95": 1.5},
    "encode": {"p50": 6.0, "p95": 8.0},
    "send": {"p50": 0.3, "p95": 0.9},
    "total": {"p50": 61.0, "p95": 90.0},
}

CLOCK = """async ([rounds, later]) => {
    const { ServerClock } = await import("./page/latency/clock.js");
    let ownMs = 1000;
    let asked = 0;
    const clock = new ServerClock(async () => {
        const [thereMs, backMs, aheadMs] = rounds[asked++ % rounds.length];
        ownMs += thereMs;
        const serverMs = ownMs + aheadMs;
        ownMs += backMs;
        return serverMs / 1000;
    }, () => ownMs);
    const before = clock.estimate;
    await clock.refresh();
    await clock.refresh();
    const first = { ...clock.estimate, asked };
    rounds = later;
    asked = 0;
    ownMs += 10_000;
    await clock.refresh();
    return { before, first, then: { ...clock.estimate, asked } };
}"""

GLASS = """async ([pictures, aheadMs]) => {
    const { GlassToGlass } = await import("./page/latency/glass.js");
    const FROM_1900_TO_1970_MS = 2_208_988_800_000;
    const nowMs = performance.now();
    let next = null;
    const waits = [];
    const asks = () => new Promise((done) => waits.push(done));
    const video = { requestVideoFrameCallback(done) { next = done; waits.shift()?.(); } };
    let newest = null;
    const receiver = { getSynchronizationSources: () => (newest ? [newest] : []) };
    const clock = { asked: 0, refresh() { this.asked++; }, estimate: { offsetMs: aheadMs, errorMs: 1.5 } };
    const glass = new GlassToGlass(video, clock);
    glass.follow(receiver);
    for (const [shownMs, rtpTimestamp, newestRtp, capturedMs] of pictures) {
        const captureTimestamp = capturedMs === null ? undefined : nowMs + aheadMs - capturedMs + FROM_1900_TO_1970_MS;
        newest = { source: 1, rtpTimestamp: newestRtp, captureTimestamp };
        const asked = asks();
        next(nowMs, { expectedDisplayTime: nowMs - shownMs, rtpTimestamp });
        await asked;
    }
    const { latest } = glass;
    glass.follow(null);
    return { ms: latest && Math.round(latest.ms), errorMs: latest?.errorMs, asked: clock.asked, after: glass.latest };
}"""


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("latency"), CONFIG) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with new_page(browser) as page:
        page.goto(served.running.url)
        yield page


def watch(page: Page, name: str) -> None:
    card(page, name).get_by_role("button", name=f"Watch {name}").click()
    expect(card(page, name)).to_have_attribute("data-play", LIVE, timeout=15_000)


def shown(page: Page, **changes: Any) -> None:
    """Let the API say something else of the camera ``scene``."""

    def answer(route: Route) -> None:
        cameras = route.fetch().json()
        cameras[0] |= changes
        route.fulfill(json=cameras)

    page.route("**/api/cameras", answer)


def test_a_camera_that_is_not_watched_has_no_latency(page: Page) -> None:
    latency = card(page, "scene").locator(".latency")
    expect(latency.locator("summary")).to_have_text("Latency –")
    latency.locator("summary").click()
    expect(latency.locator("tbody tr")).to_have_count(0)
    expect(latency.locator(".clocks")).to_have_text("Watch the camera to see its latency.")


def test_the_stages_are_listed_in_their_order_and_drawn_as_a_bar(page: Page) -> None:
    shown(page, latency_ms=STAGES, capture_clock="camera")
    watch(page, "scene")
    latency = card(page, "scene").locator(".latency")
    expect(latency.locator(".sum")).to_have_text(re.compile(r"^\d+ ms"))
    expect(latency.locator(".stages > span")).to_have_count(9)
    latency.locator("summary").click()
    rows = [row.split("\t") for row in latency.locator("tbody tr").all_inner_texts()]
    assert rows[:-1] == [
        ["Capture", "32 ms", "40 ms"],
        ["Wait for a free processor", "0.4 ms", "10 ms"],
        ["resize", "1.0 ms", "2.0 ms"],
        ["detections", "20 ms", "30 ms"],
        ["crop", "0.1 ms", "0.2 ms"],
        ["Paint", "1.0 ms", "1.5 ms"],
        ["Encode", "6.0 ms", "8.0 ms"],
        ["Send", "0.3 ms", "0.9 ms"],
    ]
    assert (rows[-1][0], rows[-1][2]) == ("Network and browser", "")
    expect(latency.locator(".clocks")).to_have_text(
        re.compile("^From the capture by the camera's own clock to the screen")
    )
    widths = latency.locator(".stages > span").evaluate_all("all => all.map((part) => part.offsetWidth)")
    assert widths[0] > widths[3] > widths[6] > widths[1]
    assert accessibility_findings(page) == []


def test_a_camera_whose_pictures_are_passed_through_is_not_encoded(page: Page) -> None:
    stages = {key: STAGES[key] for key in ("source", "wait", "paint", "encode", "send", "total")}
    shown(page, latency_ms=stages, encoders=[{"passthrough": True}])
    watch(page, "scene")
    latency = card(page, "scene").locator(".latency")
    latency.locator("summary").click()
    expect(latency.get_by_role("rowheader")).to_have_text(["Capture", "Send", "Network and browser"])


def test_the_table_opens_by_keyboard_and_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    shown(page, latency_ms=STAGES)
    watch(page, "scene")
    summary = card(page, "scene").locator(".latency summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(card(page, "scene").get_by_role("rowheader", name="Encode")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_real_stages_of_a_transform_camera_are_shown_and_the_whole_is_measured(page: Page) -> None:
    watch(page, "turned")
    latency = card(page, "turned").locator(".latency")
    expect(latency.locator("summary")).to_have_text(re.compile(r"^Glass to glass \d+ ms ± \d+ ms$"), timeout=15_000)
    latency.locator("summary").click()
    expect(latency.get_by_role("rowheader")).to_have_text(
        ["Capture", "Wait for a free processor", "rotate", "identity", "Encode", "Send", "Network and browser"]
    )
    words = r"^From the arrival at the server to the screen\. The difference between .* is known to ± [\d.]+ ms\.$"
    expect(latency.locator(".clocks")).to_have_text(re.compile(words))


def test_the_clock_of_this_machine_is_found(page: Page) -> None:
    error_ms, off_ms = page.evaluate(
        """async () => {
            const { ServerClock } = await import("./page/latency/clock.js");
            const clock = new ServerClock();
            await clock.refresh();
            const { offsetMs, errorMs } = clock.estimate;
            return [errorMs, offsetMs - performance.timeOrigin];
        }"""
    )
    assert abs(off_ms) <= error_ms + 10, "the page has the time of its start only from a coarser clock"


def test_without_the_time_of_the_capture_the_latency_is_estimated(page: Page) -> None:
    page.evaluate("delete RTCRtpTransceiver.prototype.getHeaderExtensionsToNegotiate")
    watch(page, "scene")
    latency = card(page, "scene").locator(".latency")
    expect(latency.locator("summary")).to_have_text(re.compile(r"^Latency \d+ ms$"), timeout=15_000)
    latency.locator("summary").click()
    expect(latency.locator(".clocks")).to_have_text(re.compile("to the screen, estimated: the browser does not know"))


def test_the_shortest_round_trip_tells_the_time_of_the_server_and_by_how_much_it_may_be_wrong(page: Page) -> None:
    rounds = [[9, 3, 500], [2, 2, 500], [30, 1, 500]]
    found = page.evaluate(CLOCK, [rounds, [[1, 1, 500.5]]])
    assert found["before"] is None
    assert found["first"] == {"offsetMs": 500, "errorMs": 2, "asked": 8}, "the second call comes too early"
    assert found["then"] == {"offsetMs": 500.5, "errorMs": 1, "asked": 1}


def test_a_clock_that_was_set_counts_from_the_next_round_trip_on(page: Page) -> None:
    found = page.evaluate(CLOCK, [[[2, 2, 500]], [[20, 20, -3000]]])
    assert found["then"] == {"offsetMs": -3000, "errorMs": 20, "asked": 1}


def test_glass_to_glass_is_the_median_of_the_last_pictures(page: Page) -> None:
    # Shown so many ms ago, RTP time, then RTP time and capture of the newest picture that has arrived.
    pictures = [
        [40, 900, 900, 100],  # 60 ms
        [30, 2**32 - 2700, 2**32 - 2700, 120],  # 90 ms
        [20, 2**32 - 2700, 300, 50],  # the newest is 3000 ticks, 33.3 ms, later: 63.3 ms
    ]
    assert page.evaluate(GLASS, [pictures, 1_800_000_000_000]) == {"ms": 63, "errorMs": 1.5, "asked": 3, "after": None}


def test_glass_to_glass_is_unknown_while_the_server_does_not_tell_when_a_picture_was_captured(page: Page) -> None:
    found = page.evaluate(GLASS, [[[40, 900, 900, None]], 0])
    assert (found["ms"], found["asked"], found["after"]) == (None, 0, None), "nobody needs the clock then"
