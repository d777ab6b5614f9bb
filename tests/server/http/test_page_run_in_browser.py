"""The page "Run model" in Chromium: predictions drawn over a picture, listed, and as JSON."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from cameras import BoundingBox, Caption, Classification, Detection, Frame, Keypoint, Keypoints, Segmentation, as_mask
from tests.end_to_end.browsers import accessibility_findings, new_page, wait_until
from tests.fakes import FakeVision
from transforms.painting.colors import PALETTE, palette_color
from vision import ModelError

from ..conftest import check_threads, threads_now
from ..served import Served, encoded, limited

Color = tuple[int, int, int]
RED, BLUE = (255, 0, 0), (0, 0, 255)
PICTURE = FilePayload(name="red above blue.png", mimeType="image/png", buffer=encoded())


def everything() -> FakeVision:
    """Return a service with predictions of every kind: a star on the left, a less certain mug, and water below."""
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
        keypoints=[
            Keypoints(
                "person",
                0.75,
                points=(
                    Keypoint("head", 0.25, 0.25, 0.9),
                    Keypoint("hand", 0.75, 0.5, 0.3),
                    Keypoint("foot", 0.25, 0.9, 0.2),
                    Keypoint("tail", 0.5, 0.25, 0.9),
                ),
                skeleton=((0, 1), (0, 2), (0, 3)),
            )
        ],
    )
    service.kinds = frozenset({"classifications", "detections", "segmentations", "captions", "keypoints"})
    service.labels = ("star", "mug", "moon")
    return service


@pytest.fixture(scope="module")
def service() -> FakeVision:
    return everything()


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
    with new_page(browser) as page:
        page.goto(f"{served.running.url}run")
        expect(page.get_by_label("Service")).to_be_enabled()
        yield page


def choose(page: Page, kind: str) -> None:
    page.get_by_role("radio", name=kind).check(force=True)


def upload(page: Page) -> None:
    """Choose the picture as a file, which runs the model, and wait for the results."""
    page.locator("#file").set_input_files(PICTURE)
    expect(page.locator("#timing")).to_have_text(re.compile(r"in \d+ ms$"))


def rows(page: Page) -> list[str]:
    return [text.replace("\n", " ") for text in page.locator("#results li").all_inner_texts()]


def move_threshold(page: Page, value: float) -> None:
    page.locator("#threshold").fill(str(value))


def check_shown(page: Page, *present: Color, absent: tuple[Color, ...] = ()) -> None:
    """Wait until the canvas has areas of all present colours, and of none of the absent ones."""
    found = page.evaluate(
        """([present, absent]) => new Promise((done) => {
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
                if (present.every(has) && !absent.some(has)) done("");
                else if (performance.now() > end) done([...count].filter(([, times]) => times > 200).join(" "));
                else requestAnimationFrame(look);
            };
            look();
        })""",
        [present, absent],
    )
    assert found == ""


def test_no_model_runs_before_a_picture_is_chosen(page: Page, service: FakeVision) -> None:
    before = service.inferences
    expect(page.get_by_text("Nothing has run yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Run model")).to_be_disabled()
    for kind in ("Boxes", "Masks", "Points", "Caption", "Labels"):
        choose(page, kind)
    assert service.inferences == before


def test_boxes_are_drawn_in_the_colours_of_the_streams(page: Page) -> None:
    choose(page, "Boxes")
    upload(page)
    assert rows(page) == ["star 0.75"]
    check_shown(page, RED, BLUE, palette_color("star"), absent=(palette_color("mug"),))
    expect(page.get_by_role("img")).to_have_accessible_name("red above blue.png; star: 0.75")


def test_the_threshold_applies_at_once_without_another_inference(page: Page, service: FakeVision) -> None:
    choose(page, "Boxes")
    upload(page)
    before = service.inferences
    expect(page.locator("#timing")).to_have_text(re.compile("^1 of 2, "))
    move_threshold(page, 0.25)
    assert rows(page) == ["star 0.75", "mug 0.25"]
    check_shown(page, palette_color("mug"))
    move_threshold(page, 0.8)
    assert rows(page) == ["Nothing, 2 below the minimum"]
    assert service.inferences == before


def pixel(page: Page, x: float, y: float) -> list[int]:
    """Return the colour of the canvas at a place of the picture, in fractions."""
    color: list[int] = page.evaluate(
        """([x, y]) => {
            const canvas = document.querySelector("#canvas");
            const scale = Math.min(canvas.width / 64, canvas.height / 48);
            const left = (canvas.width - 64 * scale) / 2;
            const top = (canvas.height - 48 * scale) / 2;
            const place = [left + x * 64 * scale, top + y * 48 * scale];
            return [...canvas.getContext("2d").getImageData(...place, 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )
    return color


def test_points_are_drawn_with_their_skeleton(page: Page) -> None:
    choose(page, "Points")
    upload(page)
    assert rows(page) == ["person 3 of 4 points 0.75"]
    color = list(palette_color("person"))
    check_shown(page, palette_color("person"))
    assert pixel(page, 0.25, 0.25) == color, "a sure point"
    assert pixel(page, 0.4, 0.25) == color, "a line"
    assert pixel(page, 0.75, 0.5) != color, "a less sure point is hollow"
    assert pixel(page, 0.25, 0.9) == list(BLUE), "an unsure point is not drawn"
    expect(page.get_by_role("img")).to_have_accessible_name("red above blue.png; person: 0.75")
    page.locator("#results li").hover()
    assert list(json.loads(page.locator("#json pre").inner_text())) == ["service", "width_px", "height_px", "keypoints"]


def test_turned_boxes_and_masks_of_detections_are_drawn(page: Page, service: FakeVision) -> None:
    upright, before = BoundingBox(0.25, 0.25, 0.75, 0.75), service.detected
    corners = ((0.5, 0.25), (0.75, 0.5), (0.5, 0.75), (0.25, 0.5))
    mask = as_mask(np.arange(16).reshape(4, 4) >= 12)
    service.detected = (
        Detection("ship", 0.9, box=upright, polygon=corners),
        Detection("sea", 0.8, box=BoundingBox(0.0, 0.75, 1.0, 1.0), mask=mask),
    )
    try:
        choose(page, "Boxes")
        upload(page)
    finally:
        service.detected = before
    check_shown(page, palette_color("ship"), palette_color("sea"))
    assert pixel(page, 0.375, 0.375) == list(palette_color("ship"))
    assert pixel(page, 0.25, 0.25) == list(RED), "the upright box is not drawn"
    tinted = 0.45 * np.array(palette_color("sea")) + 0.55 * np.array(BLUE)
    assert np.abs(np.array(pixel(page, 0.9, 0.9)) - tinted).max() <= 3


def test_labels_are_listed(page: Page) -> None:
    choose(page, "Labels")
    upload(page)
    assert rows(page) == ["star 0.75", "mug 0.25"]


def test_masks_tint_the_picture_and_are_shortened_in_the_json_but_not_in_its_copy(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "Masks")
    upload(page)
    assert rows(page) == ["water covers 50 %"]
    shown = json.loads(page.locator("#json pre").inner_text())
    assert re.fullmatch(r"iVBORw0KGgo\S{13}… \(\d+ characters\)", shown["segmentations"][0]["mask_png"])
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.locator("#json button")).to_have_text("Copied")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (copied["width_px"], copied["height_px"]) == (64, 48)
    assert "characters" not in copied["segmentations"][0]["mask_png"]
    check_shown(page, RED, absent=(BLUE,))


def test_a_caption_is_shown_as_text_and_not_as_html(page: Page) -> None:
    choose(page, "Caption")
    upload(page)
    assert rows(page) == ["red above <b>blue</b> 0.50"]
    assert page.locator("#results b").count() == 0
    check_shown(page, (0, 0, 0), RED, BLUE)


def test_a_snapshot_comes_with_its_predictions(page: Page) -> None:
    choose(page, "Boxes")
    expect(page.get_by_label("Camera", exact=True).locator("option")).to_have_text(["still", "seen", "gone"])
    page.get_by_role("button", name="Take a snapshot").click()
    expect(page.locator("#picture-info")).to_have_text(re.compile(r"^still at .*, 64 × 48$"))
    assert rows(page) == ["star 0.75"]
    assert '"sequence"' in (page.locator("#json pre").text_content() or "")
    page.get_by_role("button", name="Run model").click()
    expect(page.locator("#timing")).to_have_text(re.compile("ms$"))
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
        expect(page.locator("#picture-info")).to_have_text(f"{event}.png, 64 × 48")
        expect(page.locator("#timing")).to_have_text(re.compile("ms$"))


def test_another_choice_clears_the_results_and_changes_the_address(page: Page) -> None:
    upload(page)
    choose(page, "Caption")
    expect(page.get_by_text("Press Run model.")).to_be_visible()
    page.get_by_label("Service").select_option("boxes")
    expect(page).to_have_url(re.compile(r"/run\?service=boxes&kind=detections$"))
    page.reload()
    expect(page.get_by_label("Service")).to_have_value("boxes")


@pytest.mark.parametrize("kind", ["image/png", "application/json", ""])
@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.txt", b"no picture", r"^notes.txt: not a picture: must be JPEG, PNG, .* or BMP\.$"),
        ("cut.png", encoded()[:60], r"^cut.png: the PNG picture is damaged or incomplete\.$"),
        ("none.png", b"", r"^none.png: the file is empty\.$"),
    ],
)
def test_the_error_of_a_picture_is_shown(page: Page, name: str, data: bytes, words: str, kind: str) -> None:
    for before in (False, True):  # an earlier picture does not stay
        if before:
            upload(page)
        page.locator("#file").set_input_files(FilePayload(name=name, mimeType=kind, buffer=data))
        expect(page.locator("#error")).to_have_text(re.compile(words))
        check_empty(page)
    upload(page)
    expect(page.locator("#error")).to_be_hidden()


def test_the_limit_of_a_picture_is_that_of_the_server(page: Page, served: Served, tmp_path: Path) -> None:
    large = tmp_path / "large.png"  # a path: Playwright takes seconds to pass so many bytes
    large.write_bytes(encoded() + bytes(24_000_000))  # what follows the picture is ignored
    with limited(served, picture_bytes=30_000_000, body_bytes=25_000_000):
        page.reload()
        page.locator("#file").set_input_files(large)
        expect(page.locator("#timing")).to_have_text(re.compile(r"in \d+ ms$"))
        large.write_bytes(bytes(25_000_001))
        page.locator("#file").set_input_files(large)
        expect(page.locator("#error")).to_have_text("large.png has 26 MB; a picture must be smaller than 25 MB.")
        check_empty(page)
    with limited(served, picture_bytes=16_000):
        page.reload()
        page.locator("#file").set_input_files(FilePayload(name="c.png", mimeType="image/png", buffer=bytes(16_001)))
        expect(page.locator("#error")).to_have_text("c.png has 17 kB; a picture must be smaller than 16 kB.")


def check_empty(page: Page) -> None:
    """Check that the page is as before the first picture."""
    expect(page.get_by_role("button", name="Drop pictures here")).to_be_visible()
    expect(page.get_by_role("button", name="Run model")).to_be_disabled()
    expect(page.get_by_role("img")).to_have_accessible_name("No picture yet")
    assert page.locator("#picture-info").inner_text() == page.locator("#timing").inner_text() == ""
    assert rows(page) == []
    check_shown(page, absent=(RED, BLUE))


def drop(page: Page, path: Path, deleted: bool = False) -> None:
    """Drag and drop a file or folder of this machine; ``deleted`` deletes the file before the drop."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        if deleted and step == "drop":
            path.unlink()
        session.send("Input.dispatchDragEvent", {"type": step, "x": 300, "y": 300, "data": data})
    session.detach()


def test_a_dropped_folder_is_refused(page: Page, tmp_path: Path) -> None:
    (tmp_path / "holidays").mkdir()
    upload(page)
    drop(page, tmp_path / "holidays")
    expect(page.locator("#error")).to_have_text("holidays is a folder. Drop a picture that is in it.")
    check_empty(page)
    (tmp_path / "a.png").write_bytes(encoded())
    drop(page, tmp_path / "a.png")
    expect(page.locator("#picture-info")).to_have_text("a.png, 64 × 48")
    expect(page.locator("#error")).to_be_hidden()


def test_a_file_that_is_deleted_before_the_drop_is_reported_as_unreadable(page: Page, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded())
    drop(page, tmp_path / "a.png", deleted=True)
    expect(page.locator("#error")).to_have_text(
        "a.png cannot be read. It was changed, moved or removed after it was chosen, or it is a folder."
    )
    check_empty(page)


def test_a_picture_stays_after_its_file_is_deleted(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded())
    page.locator("#file").set_input_files(path)
    expect(page.locator("#timing")).to_have_text(re.compile("ms$"))
    path.unlink()
    choose(page, "Boxes")
    page.get_by_role("button", name="Run model").click()
    expect(page.locator("#timing")).to_have_text(re.compile("^1 of 2, "))


def test_dropping_something_other_than_a_file_keeps_the_results(page: Page) -> None:
    upload(page)
    page.evaluate(
        "document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: new DataTransfer(), bubbles: true }))"
    )
    expect(page.locator("#error")).to_have_text("That is not a file. Save the picture first, then drop the file here.")
    assert rows(page) == ["star 0.75", "mug 0.25"]


@pytest.mark.parametrize("name", ["red above blue.png", "-", "it's.png", '$(id) `id` \\ ".png', "a\x03\x1b'\\\nb.png"])
def test_the_shell_command_quotes_any_file_name(page: Page, name: str, tmp_path: Path) -> None:
    choose(page, "Boxes")
    (tmp_path / name).write_bytes(encoded())
    page.locator("#file").set_input_files(FilePayload(name=name, mimeType="image/png", buffer=encoded()))
    expect(page.locator("#timing")).to_have_text(re.compile("ms$"))
    command = page.locator("#shell pre").text_content() or ""
    assert not re.search("[\x00-\x1f]", command)
    output = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, timeout=30, check=True).stdout
    assert json.loads(output) == json.loads(page.locator("#json pre").text_content() or "")
    assert page.locator("#shell p").text_content() == f"Run it in the folder where {name} is."


def test_the_shell_command_for_a_snapshot_names_the_camera(page: Page) -> None:
    choose(page, "Boxes")
    page.get_by_role("button", name="Take a snapshot").click()
    for _ in range(2):
        expect(page.locator("#timing")).to_have_text(re.compile("ms$"))
        expect(page.locator("#shell pre")).to_contain_text("/detections?camera=still&confidence_threshold=0.5'")
        expect(page.locator("#shell p")).to_have_text("Runs on the next frame of still.")
        page.get_by_role("button", name="Run model").click()


def test_the_minimum_share_of_masks_applies_on_the_page_only(page: Page) -> None:
    expect(page.locator("#threshold-note")).to_be_hidden()
    choose(page, "Masks")
    upload(page)
    expect(page.get_by_label("Minimum share of the picture")).to_have_value("0")
    expect(page.locator("#threshold-note")).to_contain_text("Applied on this page only.")
    move_threshold(page, 0.6)
    assert rows(page) == ["Nothing, 1 below the minimum"]
    expect(page.locator("#shell pre")).to_contain_text(re.compile("/segmentations'$"))
    expect(page.locator("#shell p")).to_contain_text("Returns every mask; the minimum share applies on this page only.")


def test_the_background_is_listed_but_not_drawn(
    page: Page, service: FakeVision, monkeypatch: pytest.MonkeyPatch
) -> None:
    upper = np.zeros((48, 64), np.uint8)
    upper[:24] = 255
    background = Segmentation("Background", 0.9, mask=upper)
    choose(page, "Masks")
    monkeypatch.setattr(service, "segmented", (*service.segmented, background))
    page.locator("#file").set_input_files(
        FilePayload(name="grey.png", mimeType="image/png", buffer=encoded(image=np.full((48, 64, 3), 90, np.uint8)))
    )
    expect(page.locator("#timing")).to_have_text(re.compile("^2, "))
    assert rows(page) == ["water covers 50 %", "Background covers 50 %"]
    assert '"Background"' in (page.locator("#json pre").text_content() or "")
    check_shown(page, (90, 90, 90), palette_color("water"), absent=(palette_color("background"),))
    monkeypatch.setattr(service, "segmented", (background,))
    page.get_by_role("button", name="Run model").click()
    expect(page.locator("#timing")).to_have_text(re.compile("^1, "))
    check_shown(page, (90, 90, 90), palette_color("background"))


def test_the_error_of_a_model_is_shown(page: Page, service: FakeVision, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(frame: Frame) -> tuple[Classification, ...]:
        raise ModelError("/srv/secret.tflite is broken")

    monkeypatch.setattr(service, "_classify", fail)
    page.locator("#file").set_input_files(PICTURE)
    expect(page.locator("#error")).to_have_text(
        "Vision service everything cannot use its model; the server's log says why."
    )
    assert rows(page) == ["Press Run model."]
    monkeypatch.undo()
    page.get_by_role("button", name="Run model").click()
    expect(page.locator("#timing")).to_have_text(re.compile("ms$"))
    expect(page.locator("#error")).to_be_hidden()


def test_the_error_of_a_camera_is_shown(page: Page) -> None:
    page.get_by_label("Camera", exact=True).select_option("gone")
    page.get_by_role("button", name="Take a snapshot").click()
    expect(page.locator(".overlay")).to_contain_text("Taking a snapshot of gone")
    expect(page.locator("#error")).to_contain_text("gave no frame", timeout=20_000)


def test_an_unreachable_server_is_reported_until_it_answers(browser: Browser, served: Served) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/api/vision", lambda route: route.abort())
        page.goto(f"{served.running.url}run")
        expect(page.locator("#notice")).to_have_text("The server does not answer. Trying again.")
        page.unroute("**/api/vision")
        expect(page.locator("#notice")).to_be_hidden(timeout=10_000)
        expect(page.get_by_label("Service")).to_be_enabled()


def test_a_model_can_be_run_by_keyboard(page: Page) -> None:
    upload(page)
    page.get_by_label("Service").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Labels")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Boxes")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run model")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#timing")).to_have_text(re.compile("^1 of 2, "))
    page.get_by_role("button", name="Run model").press("Tab")
    expect(page.locator("#threshold")).to_be_focused()
    page.keyboard.press("Home")
    assert rows(page) == ["star 0.75", "mug 0.25"]


def test_a_kind_unknown_to_the_page_is_listed_and_drawn_by_its_members(page: Page, served: Served) -> None:
    spots = [{"class_name": "star", "confidence": 0.75, "x": 0.5}, {"x": 0.25}]
    boxes = [{"class_name": "mug", **{f"{name}_normalized": 0.25 for name in ("x_min", "y_min")}}]
    boxes[0] |= {f"{name}_normalized": 0.75 for name in ("x_max", "y_max")}
    described = [{"name": "spotter", "model": "spotter", "kinds": ["spots", "regions"], "labels": []}]
    page.route("**/api/vision", lambda route: route.fulfill(json=described))
    page.route("**/spotter/spots*", lambda route: route.fulfill(json={"service": "spotter", "spots": spots}))
    page.route("**/spotter/regions*", lambda route: route.fulfill(json={"service": "spotter", "regions": boxes}))
    page.goto(f"{served.running.url}run")
    choose(page, "Spots")
    upload(page)
    assert rows(page) == ["star 0.75", "1.00"]
    check_shown(page, palette_color("star"))
    choose(page, "Regions")
    page.get_by_role("button", name="Run model").click()
    expect(page.locator("#timing")).to_have_text(re.compile("^1, "))
    assert rows(page) == ["mug 1.00"]
    check_shown(page, palette_color("mug"), absent=(palette_color("star"),))


@pytest.mark.parametrize("label", ["star", "Mug", "traffic light", "Überraschung", "Straße", "星", ""])
def test_a_label_has_the_same_colour_on_page_and_stream(page: Page, label: str) -> None:
    found = page.evaluate("label => import('/page/drawing/colors.js').then((module) => module.colorOf(label))", label)
    assert found == "#{:02x}{:02x}{:02x}".format(*palette_color(label.lower()))


def test_the_page_uses_the_palette_of_the_streams(page: Page) -> None:
    found = page.evaluate(
        """async () => {
            const { colorOf } = await import('/page/drawing/colors.js');
            return [...new Set(Array.from({ length: 1000 }, (_, number) => colorOf(String(number))))];
        }"""
    )
    assert sorted(found) == sorted("#{:02x}{:02x}{:02x}".format(*color) for color in PALETTE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 900, 1440])
def test_nothing_overflows_at_any_width(browser: Browser, served: Served, width: int, scheme: str) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{served.running.url}run")
        upload(page)
        page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_canvas_has_the_resolution_of_the_screen(browser: Browser, served: Served) -> None:
    with browser.new_context(viewport={"width": 375, "height": 700}, device_scale_factor=3) as context:
        page = context.new_page()
        page.goto(f"{served.running.url}run")
        upload(page)
        check_shown(page, RED, BLUE)
        assert page.evaluate("canvas.width === Math.round(canvas.clientWidth * 3) && canvas.clientWidth > 300")


def files(*names: str) -> list[FilePayload]:
    """Return pictures to choose; the one called ``bad`` is damaged."""
    data = {True: encoded()[:60], False: encoded()}
    return [FilePayload(name=name, mimeType="image/png", buffer=data["bad" in name]) for name in names]


def test_several_pictures_are_run_one_after_the_other(page: Page, service: FakeVision) -> None:
    choose(page, "Boxes")
    before = service.inferences
    page.locator("#file").set_input_files(files("one.png", "bad.png", "three.png"))
    strip = page.get_by_role("list", name="Pictures").get_by_role("button")
    expect(strip).to_have_text(["one.png1 of 2", "bad.pngFailed", "three.png1 of 2"])
    assert service.inferences == before + 2
    expect(strip.nth(0)).to_have_attribute("aria-current", "true")
    expect(page.locator("#error")).to_be_hidden()
    strip.nth(1).click()
    expect(page.locator("#error")).to_have_text("bad.png: the PNG picture is damaged or incomplete.")
    assert rows(page) == []
    expect(page.locator("#replies")).to_be_hidden()
    strip.nth(2).click()
    expect(page.locator("#picture-info")).to_have_text("three.png, 64 × 48")
    expect(page.locator("#error")).to_be_hidden()
    assert rows(page) == ["star 0.75"]
    check_shown(page, RED, BLUE, palette_color("star"))
    move_threshold(page, 0.25)
    expect(strip).to_have_text(["one.png2", "bad.pngFailed", "three.png2"])
    assert accessibility_findings(page) == []
    choose(page, "Labels")
    expect(strip).to_have_text(["one.png", "bad.png", "three.png"])
    upload(page)
    expect(page.get_by_role("list", name="Pictures")).to_be_hidden()


def test_too_many_pictures_are_refused(page: Page, service: FakeVision) -> None:
    before = service.inferences
    page.locator("#file").set_input_files(files(*(f"{number}.png" for number in range(51))))
    expect(page.locator("#error")).to_have_text("These are 51 pictures; choose at most 50 at once.")
    assert service.inferences == before


def test_the_annotated_picture_can_be_saved(page: Page, tmp_path: Path) -> None:
    choose(page, "Boxes")
    image = np.full((480, 640, 3), 255, np.uint8)
    payload = FilePayload(name="a.b.png", mimeType="image/png", buffer=encoded(image=image))
    page.locator("#file").set_input_files(payload)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save annotated picture").click()
    assert download.value.suggested_filename == "a.b-annotated.png"
    saved = cv2.imread(str(download.value.path()), cv2.IMREAD_COLOR)
    assert saved is not None
    assert saved.shape == (480, 640, 3)
    star = palette_color("star")
    assert tuple(saved[240, 319, ::-1]) == star, "the right edge of the box"
    assert tuple(saved[240, 480]) == (255, 255, 255)
    check_shown(page, star)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, served: Served, scheme: str) -> None:
    with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{served.running.url}run")
        expect(page.get_by_label("Service")).to_be_enabled()
        assert accessibility_findings(page) == []
        for kind in ("Masks", "Boxes"):
            choose(page, kind)
            upload(page)
            page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
            assert accessibility_findings(page) == []


RECORD_PLATES = """
    window.plates = [];
    window.words = [];
    const write = CanvasRenderingContext2D.prototype.fillText;
    const clear = CanvasRenderingContext2D.prototype.scale;
    const plate = CanvasRenderingContext2D.prototype.roundRect;
    CanvasRenderingContext2D.prototype.scale = function (...all) {
        plates.length = words.length = 0;
        clear.apply(this, all);
    };
    CanvasRenderingContext2D.prototype.fillText = function (...all) { words.push(all[0]); write.apply(this, all); };
    CanvasRenderingContext2D.prototype.roundRect = function (...all) { plates.push(all); plate.apply(this, all); };
"""


def test_labels_do_not_overlap(
    browser: Browser, served: Served, service: FakeVision, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [
        Detection(f"person {number}", 0.9, box=BoundingBox(0.4 + number / 900, 0.3, 0.6, 0.6 + number / 400))
        for number in range(90)
    ]
    monkeypatch.setattr(service, "detected", tuple(crowd))
    picture = encoded(image=np.full((480, 640, 3), 90, np.uint8))
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(RECORD_PLATES)
        page.goto(f"{served.running.url}run")
        choose(page, "Boxes")
        page.locator("#file").set_input_files(FilePayload(name="a.png", mimeType="image/png", buffer=picture))
        expect(page.locator("#results li")).to_have_count(51)
        wait_until(page, "plates.length >= 15")
        plates = page.evaluate("plates")
        for place, (x, y, wide, tall, _) in enumerate(plates):
            for x2, y2, wide2, tall2, _ in plates[:place]:
                assert x + wide <= x2 or x2 + wide2 <= x or y + tall <= y2 or y2 + tall2 <= y
        assert "person 49: 0.90" not in page.evaluate("words"), "the test needs a label without a place"
        page.locator("#results li").nth(49).focus()
        wait_until(page, "words.includes('person 49: 0.90')")


RECORD_TEXT = """
    window.drawn = [];
    const original = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y, room) {
        const { d } = this.getTransform();
        const height = parseFloat(this.font.match(/([\\d.]+)px/)[1]);
        const squeezed = this.measureText(text).width > room + 0.5;
        window.drawn.push({ text, height: (height * d) / devicePixelRatio, squeezed });
        original.call(this, text, x, y, room);
    };
"""


@pytest.mark.parametrize("size", [(64, 48), (640, 60), (160, 640)])
def test_labels_can_be_read_on_a_phone(
    browser: Browser, served: Served, service: FakeVision, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    name = "hen-of-the-woods, Polyporus frondosus, Grifola frondosa"
    monkeypatch.setattr(service, "classified", (Classification(name, 0.75), Classification("mug", 0.25)))
    monkeypatch.setattr(service, "detected", (Detection(name, 0.75, box=BoundingBox(0.1, 0.1, 0.3, 0.3)),))
    monkeypatch.setattr(service, "captioned", (Caption(name.replace(" ", ""), 0.5),))
    picture = encoded(image=np.full((size[1], size[0], 3), 90, np.uint8))
    with browser.new_context(viewport={"width": 375, "height": 700}, device_scale_factor=3) as context:
        page = context.new_page()
        page.add_init_script(RECORD_TEXT)
        page.goto(f"{served.running.url}run")
        for kind in ("Labels", "Boxes", "Masks", "Caption"):
            choose(page, kind)
            page.evaluate("drawn.length = 0")
            page.locator("#file").set_input_files(FilePayload(name="a.png", mimeType="image/png", buffer=picture))
            expect(page.locator("#timing")).to_have_text(re.compile("ms$"))
            drawn = page.evaluate(
                """() => new Promise((done) => {
                    const look = () => (drawn.length ? done(drawn) : requestAnimationFrame(look));
                    look();
                })"""
            )
            assert min(label["height"] for label in drawn) >= 12, kind
            assert not [label["text"] for label in drawn if label["squeezed"]], kind
            if kind in ("Labels", "Boxes"):
                assert drawn[0]["text"].endswith(": 0.75")
