""" "Run model" as people use it, in Chromium: what a service says of a picture, drawn over it and as JSON."""

import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from cameras import BoundingBox, Caption, Classification, Detection, Frame, Segmentation
from tests.end_to_end.browsers import launch
from tests.fakes import FakeVision
from transforms.painting import PALETTE, _palette_color
from vision import ModelError

from .conftest import check_threads, threads_now
from .served import Served, encoded

Color = tuple[int, int, int]
RED, BLUE = (255, 0, 0), (0, 0, 255)
PICTURE = FilePayload(name="red above blue.png", mimeType="image/png", buffer=encoded())


def everything() -> FakeVision:
    """Give a service that sees a star on the left half, hardly a mug above, a lower half, and says so."""
    lower = np.zeros((48, 64), np.uint8)
    lower[24:] = 255
    service = FakeVision(
        "everything",
        classifications=[Classification("star", 0.75), Classification("mug", 0.25), Classification("moon", 0.04)],
        detections=[
            Detection("star", 0.75, box=BoundingBox(0.0, 0.0, 0.5, 1.0)),
            Detection("mug", 0.25, box=BoundingBox(0.5, 0.0, 1.0, 0.5)),
        ],
        segmentations=[Segmentation("water", 0.9, mask=lower)],
        captions=[Caption("red above <b>blue</b>", 0.5)],
    )
    service.kinds = frozenset({"classifications", "detections", "segmentations", "captions"})
    service.labels = ("star", "mug", "moon")
    return service


@pytest.fixture(scope="module")
def service() -> FakeVision:
    return everything()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        with launch(playwright) as started:
            yield started


@pytest.fixture(scope="module")
def served(browser: Browser, service: FakeVision, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    boxes = FakeVision("boxes")
    boxes.kinds = frozenset({"detections"})
    with Served(tmp_path_factory.mktemp("run"), services=(service, boxes)) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{served.running.url}run")
    expect(page.get_by_label("Service")).to_be_enabled()
    yield page
    context.close()
    assert errors == []


def choose(page: Page, kind: str) -> None:
    page.get_by_role("radio", name=kind).check(force=True)


def bring(page: Page) -> None:
    """Choose the picture as a file, which runs the model, and wait for what it says."""
    page.locator("#file").set_input_files(PICTURE)
    expect(page.locator("#took")).to_have_text(re.compile(r"in \d+ ms$"))


def rows(page: Page) -> list[str]:
    return [text.replace("\n", " ") for text in page.locator("#found li").all_inner_texts()]


def move_threshold(page: Page, value: float) -> None:
    page.locator("#threshold").fill(str(value))


def check_shown(page: Page, *there: Color, gone: tuple[Color, ...] = ()) -> None:
    """Wait until the canvas has areas of these colours, and none of those that are to be gone."""
    found = page.evaluate(
        """([there, gone]) => new Promise((done) => {
            const canvas = document.querySelector("#canvas");
            const end = performance.now() + 5000;
            const look = () => {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const count = new Map();
                for (let at = 0; at < data.length; at += 4) {
                    const key = `${data[at]},${data[at + 1]},${data[at + 2]}`;
                    count.set(key, (count.get(key) ?? 0) + 1);
                }
                const has = (color) => (count.get(color.join()) ?? 0) > 200;
                if (there.every(has) && !gone.some(has)) done("");
                else if (performance.now() > end) done([...count].filter(([, times]) => times > 200).join(" "));
                else requestAnimationFrame(look);
            };
            look();
        })""",
        [there, gone],
    )
    assert found == ""


def test_nothing_runs_before_it_is_asked_for(page: Page, service: FakeVision) -> None:
    before = service.inferences
    expect(page.get_by_text("Nothing has run yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Run model")).to_be_disabled()
    for kind in ("Boxes", "Masks", "Caption", "Labels"):
        choose(page, kind)
    assert service.inferences == before


def test_boxes_are_drawn_in_the_colours_of_the_streams(page: Page) -> None:
    choose(page, "Boxes")
    bring(page)
    assert rows(page) == ["star 0.75"]
    check_shown(page, RED, BLUE, _palette_color("star"), gone=(_palette_color("mug"),))
    expect(page.get_by_role("img")).to_have_accessible_name("red above blue.png; star: 0.75")


def test_the_threshold_holds_at_once_and_asks_nothing_again(page: Page, service: FakeVision) -> None:
    choose(page, "Boxes")
    bring(page)
    before = service.inferences
    expect(page.locator("#took")).to_have_text(re.compile("^1 of 2, "))
    move_threshold(page, 0.25)
    assert rows(page) == ["star 0.75", "mug 0.25"]
    check_shown(page, _palette_color("mug"))
    move_threshold(page, 0.8)
    assert rows(page) == ["Nothing, 2 below the threshold"]
    assert service.inferences == before


def test_labels_are_listed(page: Page) -> None:
    choose(page, "Labels")
    bring(page)
    assert rows(page) == ["star 0.75", "mug 0.25"]


def test_masks_tint_the_picture_and_are_cut_in_the_json_only_for_the_eye(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "Masks")
    bring(page)
    assert rows(page) == ["water 50 %"]
    shown = json.loads(page.locator("#json pre").inner_text())
    assert re.fullmatch(r"iVBORw0KGgo\S{13}… \(\d+ letters\)", shown["segmentations"][0]["mask_png"])
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.locator("#json button")).to_have_text("Copied")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (copied["width_px"], copied["height_px"]) == (64, 48)
    assert "letters" not in copied["segmentations"][0]["mask_png"]
    check_shown(page, RED, gone=(BLUE,))


def test_a_caption_is_text_and_nothing_else(page: Page) -> None:
    choose(page, "Caption")
    bring(page)
    assert rows(page) == ["red above <b>blue</b> 0.50"]
    assert page.locator("#found b").count() == 0
    check_shown(page, (0, 0, 0), RED, BLUE)


def test_a_picture_comes_from_a_camera_with_what_was_seen_in_it(page: Page) -> None:
    choose(page, "Boxes")
    expect(page.get_by_label("Camera", exact=True).locator("option")).to_have_text(["still", "seen", "gone"])
    page.get_by_role("button", name="Take its picture").click()
    expect(page.locator("#about")).to_have_text(re.compile(r"^still at .*, 64 × 48$"))
    assert rows(page) == ["star 0.75"]
    assert '"sequence"' in (page.locator("#json pre").text_content() or "")
    page.get_by_role("button", name="Run model").click()
    expect(page.locator("#took")).to_have_text(re.compile("ms$"))
    assert '"sequence"' not in (page.locator("#json pre").text_content() or ""), "the same picture, sent"


def test_a_picture_can_be_dropped_anywhere_or_pasted(page: Page) -> None:
    for event, member in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.evaluate(
            """([event, member, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], `${event}.png`, { type: "image/png" }));
                const Kind = event === "drop" ? DragEvent : ClipboardEvent;
                document.body.dispatchEvent(new Kind(event, { [member]: data, bubbles: true, cancelable: true }));
            }""",
            [event, member, list(encoded())],
        )
        expect(page.locator("#about")).to_have_text(f"{event}.png, 64 × 48")
        expect(page.locator("#took")).to_have_text(re.compile("ms$"))


def test_another_choice_takes_the_old_answer_away_and_stands_in_the_address(page: Page) -> None:
    bring(page)
    choose(page, "Caption")
    expect(page.get_by_text("Press Run model to see.")).to_be_visible()
    page.get_by_label("Service").select_option("boxes")
    expect(page).to_have_url(re.compile(r"/run\?service=boxes&kind=detections$"))
    page.reload()
    expect(page.get_by_label("Service")).to_have_value("boxes")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.txt", b"no picture", r"^Not a picture: JPEG, PNG, .* is wanted\.$"),
        ("huge.png", bytes(20_000_000), r"^huge.png has 20 MB; pictures may have 20 at most.$"),
    ],
)
def test_what_is_wrong_with_a_picture_is_said_in_words(page: Page, name: str, data: bytes, words: str) -> None:
    page.locator("#file").set_input_files(FilePayload(name=name, mimeType="image/png", buffer=data))
    expect(page.locator("#trouble")).to_have_text(re.compile(words))
    bring(page)
    expect(page.locator("#trouble")).to_be_hidden()


def test_what_is_wrong_with_a_model_is_said_in_words(
    page: Page, service: FakeVision, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(frame: Frame) -> tuple[Classification, ...]:
        raise ModelError("/srv/secret.tflite is broken")

    monkeypatch.setattr(service, "classifications", fail)
    page.locator("#file").set_input_files(PICTURE)
    expect(page.locator("#trouble")).to_have_text(
        "Vision service everything cannot use its model; the server's log says why."
    )


def test_what_is_wrong_with_a_camera_is_said_in_words(page: Page) -> None:
    page.get_by_label("Camera", exact=True).select_option("gone")
    page.get_by_role("button", name="Take its picture").click()
    expect(page.locator(".veil")).to_contain_text("Taking a picture of gone")
    expect(page.locator("#trouble")).to_contain_text("gave no frame", timeout=20_000)


def test_a_server_that_is_gone_is_missed_and_found_again(browser: Browser, served: Served) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/api/vision", lambda route: route.abort())
        page.goto(f"{served.running.url}run")
        expect(page.locator("#notice")).to_have_text("The server does not answer. Trying again.")
        page.unroute("**/api/vision")
        expect(page.locator("#notice")).to_be_hidden(timeout=10_000)
        expect(page.get_by_label("Service")).to_be_enabled()


def test_it_can_be_done_by_keyboard(page: Page) -> None:
    bring(page)
    page.get_by_label("Service").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Labels")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Boxes")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run model")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#took")).to_have_text(re.compile("^1 of 2, "))
    page.get_by_role("button", name="Run model").press("Tab")
    expect(page.locator("#threshold")).to_be_focused()
    page.keyboard.press("Home")
    assert rows(page) == ["star 0.75", "mug 0.25"]


@pytest.mark.parametrize("label", ["star", "Mug", "traffic light", "Überraschung", "Straße", "星", ""])
def test_a_label_has_one_colour_on_page_and_stream(page: Page, label: str) -> None:
    found = page.evaluate("label => import('/page/drawing.js').then((module) => module.colorOf(label))", label)
    assert found == "#{:02x}{:02x}{:02x}".format(*_palette_color(label.lower()))


def test_the_page_has_the_colours_of_the_streams(page: Page) -> None:
    found = page.evaluate(
        """async () => {
            const { colorOf } = await import('/page/drawing.js');
            return [...new Set(Array.from({ length: 1000 }, (_, number) => colorOf(String(number))))];
        }"""
    )
    assert sorted(found) == sorted("#{:02x}{:02x}{:02x}".format(*color) for color in PALETTE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 900, 1440])
def test_nothing_sticks_out_at_any_width(browser: Browser, served: Served, width: int, scheme: str) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{served.running.url}run")
        bring(page)
        page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_picture_is_as_sharp_as_the_screen(browser: Browser, served: Served) -> None:
    with browser.new_context(viewport={"width": 375, "height": 700}, device_scale_factor=3) as context:
        page = context.new_page()
        page.goto(f"{served.running.url}run")
        bring(page)
        check_shown(page, RED, BLUE)
        assert page.evaluate("canvas.width === Math.round(canvas.clientWidth * 3) && canvas.clientWidth > 300")
