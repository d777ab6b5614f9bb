"""The page ``/edit`` in Chromium: typing, problems, suggestions, the draft beside the text, saving.

The endpoints for editing are played by ``Desk``, so that each test decides what they answer and when.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from playwright.sync_api import Browser, Page, Request, Route, expect

from pipeline import ConfigError, parse
from tests.cameras import pictures
from tests.end_to_end.browsers import accessibility_findings, new_page, wait_until
from tests.fakes import FakeVision

from ..conftest import check_threads, threads_now
from ..served import Served, still

TEXT = """\
cameras:
  - name: still
    model: image_file
    attributes: {path: still.png}
  - name: turned
    model: transform
    attributes:
      source: still
      pipeline:
        - type: rotate
          attributes: {angle_degs: 90}
services:
  - name: boxes
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1}
"""
OURS = re.compile(r"/api/(configuration|check|drafts|devices)")


class Desk:
    """The configuration's file on the server, and its drafts.

    Attributes:
        text: The text of the file.
        version: Its version.
        problem: What is wrong with the file as a whole, when it is saved; empty if nothing is.
        draft: What the state of a draft has beside, or in place of, the usual.
        drafts: The bodies of all PUT requests to drafts, in their order.
        ended: How many drafts have been deleted.
        held: Checks that are not answered yet, while ``holds`` is true.
    """

    def __init__(self, text: str = TEXT, folder: Path = Path()) -> None:
        self.text, self.folder, self.version = text, folder, 1
        self.is_off = False
        self.drafts: list[dict[str, Any]] = []
        self.ended = 0
        self.holds = False
        self.held: list[Route] = []
        self.restart_needed: list[str] = []
        self.pictures = 0
        self.problem = ""
        self.draft: dict[str, Any] = {}
        self.devices = [{"path": "/dev/video2", "name": "Front"}]

    def answer(self, route: Route) -> None:
        request = route.request
        path, method = urlsplit(request.url).path, request.method
        if path == "/api/configuration":
            send(route, {"file": "home.yaml", "version": f"s{self.version}", "writable": True, "editable": True})
        elif path == "/api/configuration/text" and self.is_off:
            send(route, {"detail": "editing is off; serve --edit turns it on"}, 404)
        elif path == "/api/configuration/text" and method == "GET":
            route.fulfill(body=self.text, headers={"Content-Type": "text/yaml", "ETag": f'"{self.version}"'})
        elif path == "/api/configuration/text":
            self._save(route)
        elif path == "/api/check":
            if self.holds:
                self.held.append(route)
            else:
                send(route, self.problems(text_of(request)))
        elif path == "/api/devices":
            send(route, self.devices)
        elif path == "/api/drafts":
            send(route, {"id": "d1"}, 201)
        else:
            self._draft(route, path, method)

    def problems(self, text: str) -> list[dict[str, Any]]:
        try:
            parse(text.replace("••••••••", "correct-horse"), "home.yaml", self.folder)
        except ConfigError as error:
            return [
                {"line": each.line, "column": each.column, "path": each.path, "message": each.message}
                for each in error.problems
            ]
        return []

    def _save(self, route: Route) -> None:
        if route.request.headers["if-match"] != f'"{self.version}"':
            send(route, {"detail": "the file has changed"}, 412)
        elif self.problem:
            send(route, [{"line": None, "column": None, "path": "", "message": self.problem}], 422)
        elif found := self.problems(text_of(route.request)):
            send(route, found, 422)
        else:
            self.text = text_of(route.request)
            self.version += 1
            send(route, {"changed": ["turned"], "restart_needed": self.restart_needed, "version": str(self.version)})

    def _draft(self, route: Route, path: str, method: str) -> None:
        if method == "DELETE":
            self.ended += 1
            route.fulfill(status=204)
        elif method == "PUT":
            self.drafts.append(json.loads(text_of(route.request)))
            send(route, {"problems": [], "camera": self.drafts[-1]["camera"], "source": "still"})
        elif not path.endswith("/image"):
            found = [{"kind": "detection", "class_name": "mug", "confidence": share} for share in (0.83, 0.5)]
            facts = {
                "width_px": 64,
                "height_px": 48,
                "frame_rate": 25.0,
                "error": None,
                "predictions": found,
            }
            state = {"state": "running", "camera": self.drafts[-1]["camera"], "source": "still", **facts}
            send(route, state | self.draft)
        elif self.pictures == 0:
            self.pictures += 1
            body = pictures.encoded(".png", still())
            route.fulfill(body=body, headers={"Content-Type": "image/png", "X-Sequence": "7"})
        # Later requests wait for a newer picture, which never comes.


def text_of(request: Request) -> str:
    return (request.post_data_buffer or b"").decode()


def send(route: Route, content: Any, status: int = 200) -> None:
    route.fulfill(status=status, body=json.dumps(content), headers={"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    boxes = FakeVision("boxes")
    boxes.kinds, boxes.labels = frozenset({"detections"}), ("mug", "star")
    with Served(tmp_path_factory.mktemp("edit"), services=(boxes,)) as running:
        yield running
    check_threads(before)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "still.png").write_bytes(pictures.encoded(".png", still()))
    return Desk(folder=tmp_path)


@pytest.fixture
def page(browser: Browser, served: Served, desk: Desk) -> Iterator[Page]:
    with new_page(browser) as page:
        page.route(OURS, desk.answer)
        open_editor(page, served)
        yield page


def open_editor(page: Page, served: Served) -> None:
    page.goto(f"{served.running.url}edit")
    expect(page.locator("#text")).to_be_enabled()
    expect(page.locator("#problems-summary")).to_have_text("No problems")


def text(page: Page) -> str:
    return page.locator("#text").input_value()


def put_cursor(page: Page, after: str, length: int = 0) -> None:
    """Put the cursor behind the first occurrence of some words, and select so many characters."""
    page.evaluate(
        """([words, length]) => {
            const area = document.querySelector("#text");
            const at = area.value.indexOf(words) + words.length;
            area.focus();
            area.setSelectionRange(at, at + length);
        }""",
        [after, length],
    )


def selected(page: Page) -> str:
    return str(page.evaluate("(a => a.value.slice(a.selectionStart, a.selectionEnd))(document.querySelector('#text'))"))


def problems(page: Page) -> list[str]:
    return page.locator("#problems .message").all_inner_texts()


def replace_all(page: Page, words: str, others: str) -> None:
    put_cursor(page, words)
    page.keyboard.press("Shift+Home")
    page.keyboard.insert_text(others)


# Typing


def test_the_text_is_shown_in_colour_with_numbers(page: Page) -> None:
    assert text(page) == TEXT
    assert page.locator(".layer .line").all_inner_texts()[:2] == ["cameras:", "  - name: still"]
    assert page.locator(".layer .key").first.inner_text() == "cameras"
    assert page.locator(".gutter span").first.inner_text() == "1"
    expect(page.locator("#name")).to_have_text("home.yaml")
    expect(page.locator("#save")).to_be_disabled()


def test_enter_keeps_the_indentation_and_tab_indents_as_one_step_to_undo(page: Page) -> None:
    put_cursor(page, "source: still")
    page.keyboard.press("Enter")
    page.keyboard.type("style:")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    assert "source: still\n      style:\n        x\n" in text(page)
    put_cursor(page, "attributes: {angle_degs: 90}")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Tab")
    assert "\n          - type: rotate\n            attributes:" in text(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert "\n      - type: rotate\n        attributes:" in text(page)
    for _ in range(30):
        page.keyboard.press("Control+z")
    assert text(page) == TEXT


def test_escape_and_tab_leave_the_text(page: Page) -> None:
    put_cursor(page, "cameras:")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator("#text")).not_to_be_focused()
    assert text(page) == TEXT
    for _ in range(2):
        page.keyboard.press("Shift+Tab")
        if page.locator("#text").evaluate("(area) => area === document.activeElement"):
            break
    page.keyboard.press("Tab")
    assert text(page) != TEXT, "the next Tab in the text indents again"


def test_of_a_long_text_only_what_is_visible_is_in_the_document(page: Page, served: Served, desk: Desk) -> None:
    entries = "".join(f"  - {{name: c{number}, model: test_pattern}}\n" for number in range(3000))
    desk.text = f"cameras:\n{entries}"
    open_editor(page, served)
    assert page.locator(".layer .line").count() < 100
    put_cursor(page, "name: c2990")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    line = page.locator(".layer .line.current")
    expect(line).to_have_text("  - {name: c2990x, model: test_pattern}")
    expect(line).to_be_in_viewport()
    expect(page.locator(".gutter .current")).to_have_text("2992")
    assert page.locator(".layer .line").count() < 100


# Suggestions and help


def test_keys_and_values_are_suggested_while_typing(page: Page) -> None:
    put_cursor(page, "{angle_degs: 90}")
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.type("- ")
    offers = page.locator("#offers [role=option]")
    expect(offers.first).to_have_text("typerequired")
    page.keyboard.press("Enter")
    expect(offers.first).to_have_text("identity")
    page.keyboard.type("det")
    expect(offers.first).to_have_text("detections")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("at")
    expect(offers.first).to_have_text("attributesrequired")
    page.keyboard.press("Enter")
    expect(offers.first).to_have_text("detector_namerequired")
    expect(page.locator(".offers .about")).to_have_text("Name of the vision service that detects. Text.")
    page.keyboard.press("Enter")
    expect(offers).to_have_text(["boxes"])
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("valid_labels: [")
    page.keyboard.press("Control+Space")
    expect(offers).to_have_text(["mug", "star"])
    page.keyboard.press("ArrowDown")
    assert page.locator("#text").get_attribute("aria-activedescendant") == "offer-1"
    page.keyboard.press("Enter")
    page.keyboard.type("]")
    assert yaml.safe_load(text(page))["cameras"][1]["attributes"]["pipeline"][1] == {
        "type": "detections",
        "attributes": {"detector_name": "boxes", "valid_labels": ["star"]},
    }
    expect(page.locator("#offers-box")).to_be_hidden()


def test_suggestions_close_with_escape_and_are_taken_with_the_pointer(page: Page) -> None:
    put_cursor(page, "source: ", len("still"))
    page.keyboard.press("Delete")
    page.keyboard.press("Control+Space")
    offers = page.locator("#offers [role=option]")
    expect(offers).to_have_text(["still"])
    expect(page.locator("#offered")).to_have_text("1 suggestion: still")
    page.keyboard.press("Escape")
    expect(page.locator("#offers-box")).to_be_hidden()
    page.keyboard.press("Control+Space")
    offers.first.click()
    assert text(page) == TEXT
    expect(page.locator("#text")).to_be_focused()


def test_suggestions_stay_inside_the_window(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 640})
    put_cursor(page, "attributes: {angle_degs: 90}\n")
    page.keyboard.insert_text("        - type: detections\n          attributes: {mo}\n")
    put_cursor(page, "attributes: {mo")
    page.keyboard.press("Control+Space")
    for _ in range(4):
        expect(page.locator("#offers-box")).to_be_in_viewport(ratio=1)
        page.keyboard.press("ArrowDown")


def test_a_key_is_explained_at_the_cursor_and_at_the_pointer(page: Page) -> None:
    put_cursor(page, "{angle_de")
    expect(page.locator("#help")).to_contain_text("angle_degs: Degrees, clockwise")
    page.keyboard.press("Alt+F1")
    expect(page.locator("#hover")).to_contain_text("cameras[1].attributes.pipeline[0].attributes.angle_degs")
    expect(page.locator("#hover")).to_contain_text("Number; default 180")
    page.keyboard.press("Escape")
    expect(page.locator("#hover")).to_be_hidden()
    page.locator(".layer .key", has_text="source").hover(force=True)
    expect(page.locator("#hover")).to_contain_text("The camera that provides the frames.")


def test_dots_are_explained_as_a_secret(page: Page, served: Served, desk: Desk) -> None:
    desk.text = TEXT + 'server: {tokens: ["••••••••"]}\n'
    open_editor(page, served)
    put_cursor(page, 'tokens: ["••')
    expect(page.locator("#help")).to_contain_text("A secret that the server keeps to itself.")
    expect(page.locator(".layer .secret")).to_have_text("••••••••")


# Problems


def test_problems_are_marked_where_they_are_and_listed(page: Page) -> None:
    put_cursor(page, "angle_degs: 90")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    message = 'must be a number, got "90x"'
    expect(page.locator("#problems .message")).to_have_text([message])
    expect(page.locator("#problems-summary")).to_have_text("1 problem")
    expect(page.locator(".layer .wrong")).to_have_text("90x")
    expect(page.locator(".gutter .wrong")).to_have_text("11")
    expect(page.locator(".layer .said")).to_have_text(message)
    expect(page.locator("#help")).to_have_text(f"M{message[1:]}.")
    put_cursor(page, "cameras:")
    expect(page.locator(".layer .said")).to_have_count(0)
    page.keyboard.press("F8")
    assert selected(page) == "90x"
    put_cursor(page, "cameras:")
    page.locator("#problems button").click()
    expect(page.locator(".gutter .current")).to_have_text("11")
    assert selected(page) == "90x"
    assert accessibility_findings(page) == []


def test_only_the_answer_to_the_newest_text_counts(page: Page, desk: Desk) -> None:
    desk.holds = True
    put_cursor(page, "angle_degs: 90")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    wait_for(page, lambda: len(desk.held) >= 1)
    [first, *_] = desk.held
    desk.holds = False
    page.keyboard.press("Backspace")
    expect(page.locator("#problems-summary")).to_have_text("No problems")
    try:
        send(first, [{"line": 1, "column": 1, "path": "", "message": "late"}])
    except Exception as error:  # the page has given up this request, which is as good
        assert "closed" in str(error) or "handled" in str(error) or "Invalid" in str(error), error
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert problems(page) == []


def wait_for(page: Page, condition: Any) -> None:
    """Let the page's requests be answered until a condition holds."""
    for _ in range(500):
        if condition():
            return
        page.evaluate("new Promise((done) => setTimeout(done, 20))")
    raise AssertionError("waited in vain")


# The draft


def test_the_camera_at_the_cursor_runs_from_the_unsaved_text(page: Page, desk: Desk) -> None:
    expect(page.locator("#draft")).to_have_attribute("data-shown", "")
    expect(page.locator("#draft-state")).to_have_text("Running, 64 × 48, 25 fps, from still as it runs")
    expect(page.locator("#found li")).to_have_text(["mug × 20.83"])
    assert desk.drafts[-1] == {"text": TEXT, "camera": "turned"}
    put_cursor(page, "- name: still")
    expect(page.locator("#camera option").first).to_have_text("still (at the cursor)")
    put_cursor(page, "cameras:")
    expect(page.locator("#camera option").first).to_have_text("still (last camera)")
    wait_for(page, lambda: desk.drafts[-1]["camera"] == "still")
    page.locator("#camera").select_option("turned")
    put_cursor(page, "- name: still")
    page.keyboard.type("s")
    page.keyboard.press("Escape")
    wait_for(page, lambda: "stills" in desk.drafts[-1]["text"] and desk.drafts[-1]["camera"] == "turned")


def test_a_draft_without_its_source_shows_no_picture(page: Page, desk: Desk) -> None:
    desk.draft = {"error": "the source is offline"}
    expect(page.locator("#draft-words")).to_have_text("The source is offline.")
    expect(page.locator("#draft-state")).to_have_text("No picture, from still as it runs")


def test_a_draft_that_has_failed_is_tried_again_with_the_same_text(page: Page, desk: Desk) -> None:
    again, words = page.get_by_role("button", name="Try again"), page.locator("#draft-words")
    expect(page.locator("#draft")).to_have_attribute("data-shown", "")
    expect(again).to_be_hidden()
    desk.draft = {"state": "failed", "error": "the draft crashed"}
    expect(words).to_have_text("The draft crashed.")
    expect(page.locator("#draft-state")).to_contain_text("Failed")
    sent, text = len(desk.drafts), desk.drafts[-1]
    desk.draft = {"state": "starting", "waits_for": "the first picture"}
    again.click()
    wait_for(page, lambda: len(desk.drafts) > sent)
    assert desk.drafts[-1] == text
    expect(words).to_have_text("Waiting for the first picture.")
    expect(again).to_be_hidden()
    expect(page.locator("#edit")).to_be_focused()
    assert accessibility_findings(page) == []


def test_what_is_served_now_stands_beside_the_draft(page: Page) -> None:
    put_cursor(page, "- name: still")
    wait_until(page, 'document.querySelector("#served").dataset.play === "live"')
    put_cursor(page, "- name: turned")
    expect(page.locator("#served-words")).to_have_text("Not served yet: save to serve it.")
    expect(page.locator("#served")).to_be_hidden()


def test_the_draft_ends_with_its_page(page: Page, desk: Desk) -> None:
    expect(page.locator("#draft")).to_have_attribute("data-shown", "")
    # Playwright does not see requests that outlive their page: the page is told that it goes, and stays.
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    wait_for(page, lambda: desk.ended == 1)
    sent = len(desk.drafts)
    put_cursor(page, "angle_degs: 90")
    page.keyboard.type("0")
    wait_for(page, lambda: len(desk.drafts) > sent)


# Saving


def test_saving_says_what_has_changed_and_what_needs_a_restart(page: Page, desk: Desk) -> None:
    put_cursor(page, "angle_degs: ", 2)
    page.keyboard.type("45")
    expect(page.locator("#saved")).to_have_text("Not saved")
    desk.restart_needed = ["server.port"]
    page.keyboard.press("Control+s")
    expect(page.locator("#saved")).to_have_text("Saved. Changed: turned")
    expect(page.locator("#notice p")).to_have_text(
        "Saved. These take effect when the server starts again: server.port."
    )
    assert desk.text == TEXT.replace("90", "45")
    expect(page.locator("#save")).to_be_disabled()
    page.keyboard.type("0")
    page.keyboard.press("Control+s")
    wait_for(page, lambda: desk.version == 3)


def test_what_cannot_be_served_is_not_saved(page: Page, desk: Desk) -> None:
    put_cursor(page, "angle_degs: 90")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    page.locator("#save").click()
    expect(page.locator("#notice p")).to_contain_text("Nothing is saved")
    expect(page.locator("#problems .message")).to_have_count(1)
    assert desk.text == TEXT
    put_cursor(page, "angle_degs: 90x")
    page.keyboard.press("Backspace")
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#problems-summary")).to_have_text("No problems")


@pytest.mark.parametrize("choice", ["Take the file's text", "Keep mine and overwrite"])
def test_a_file_that_has_changed_is_not_overwritten_unseen(page: Page, desk: Desk, choice: str) -> None:
    theirs = TEXT.replace("90", "180")
    mine = TEXT.replace("90", "45")
    desk.text, desk.version = theirs, 5
    put_cursor(page, "angle_degs: ", 2)
    page.keyboard.type("45")
    page.locator("#save").click()
    expect(page.locator("#conflict .removed")).to_have_text("-           attributes: {angle_degs: 180}")
    expect(page.locator("#conflict .added")).to_have_text("+           attributes: {angle_degs: 45}")
    assert accessibility_findings(page) == []
    page.get_by_role("button", name=choice).click()
    if choice.startswith("Take"):
        expect(page.locator("#text")).to_have_value(theirs)
        assert desk.text == theirs
        page.keyboard.press("Control+z")
        expect(page.locator("#text")).to_have_value(mine)
    else:
        expect(page.locator("#saved")).to_have_text("Saved. Changed: turned")
        assert (desk.text, desk.version) == (mine, 6)


def test_of_the_text_of_the_file_only_what_differs_is_inserted(page: Page, served: Served, desk: Desk) -> None:
    grin, smile = "\U0001f600", "\U0001f601"  # their second halves differ
    desk.text = f"{TEXT}# {grin}\n# the end\n"
    open_editor(page, served)
    put_cursor(page, f"# {grin}")
    page.keyboard.press("Backspace")
    page.keyboard.insert_text(smile)
    mine = desk.text.replace(grin, smile)
    expect(page.locator("#text")).to_have_value(mine)
    desk.version = 5
    inserted = page.evaluate_handle(
        "() => { const all = []; addEventListener('input', ({ data }) => all.push(data)); return all; }"
    )
    page.locator("#save").click()
    page.get_by_role("button", name="Take the file's text").click()
    expect(page.locator("#text")).to_have_value(desk.text)
    assert inserted.json_value() == [grin]
    page.keyboard.press("Control+z")
    expect(page.locator("#text")).to_have_value(mine)


def test_a_file_that_is_gone_is_named_when_saving(page: Page, desk: Desk) -> None:
    desk.problem = "no such file"
    put_cursor(page, "angle_degs: ", 2)
    page.keyboard.type("45")
    page.keyboard.press("Control+s")
    expect(page.locator("#notice p")).to_have_text("Nothing is saved. home.yaml: no such file.")
    expect(page.locator("#problems-summary")).to_have_text("No problems")
    desk.problem = ""
    page.keyboard.press("Control+s")
    expect(page.locator("#saved")).to_have_text("Saved. Changed: turned")


def test_what_others_write_into_the_file_is_taken_unless_both_have_changed(page: Page, desk: Desk) -> None:
    page.clock.install()
    page.reload()
    expect(page.locator("#text")).to_be_enabled()
    desk.text, desk.version = TEXT.replace("90", "180"), 2
    page.clock.fast_forward(3_000)
    expect(page.locator("#text")).to_have_value(desk.text)
    expect(page.locator("#notice p")).to_have_text("The file has changed on disk. This is its text now.")
    put_cursor(page, "angle_degs: ", 3)
    page.keyboard.type("45")
    desk.text, desk.version = TEXT.replace("90", "270"), 3
    page.clock.fast_forward(3_000)
    expect(page.locator("#notice p")).to_have_text("The file has changed on disk. Saving shows the differences first.")
    assert "angle_degs: 45" in text(page)


def test_unsaved_text_survives_a_reload_and_can_be_discarded(page: Page, desk: Desk) -> None:
    put_cursor(page, "angle_degs: ", 2)
    page.keyboard.type("45")
    page.on("dialog", lambda dialog: dialog.accept())  # the warning
    page.reload()
    expect(page.locator("#text")).to_have_value(TEXT.replace("90", "45"))
    expect(page.locator("#notice p")).to_have_text("This is your text from before, which is not saved yet.")
    expect(page.locator("#saved")).to_have_text("Not saved")
    page.get_by_role("button", name="Discard it").click()
    expect(page.locator("#text")).to_have_value(TEXT)
    page.reload()
    expect(page.locator("#text")).to_have_value(TEXT)
    expect(page.locator("#notice")).to_be_hidden()


def test_a_server_without_editing_says_so(page: Page, served: Served, desk: Desk) -> None:
    desk.is_off = True
    page.goto(f"{served.running.url}edit")
    expect(page.locator("#notice p")).to_have_text("Editing is off; serve --edit turns it on.")
    expect(page.locator("#text")).to_be_disabled()


# New blocks


def test_a_camera_is_added_and_tried_at_once(page: Page, desk: Desk) -> None:
    page.get_by_role("button", name="Add a camera").click()
    dialog = page.locator("#new-camera")
    dialog.get_by_label("Kind").select_option("webcam")
    expect(dialog.get_by_label("Device").locator("option")).to_have_text(["Front (/dev/video2)", "The first one found"])
    assert accessibility_findings(page) == []
    dialog.get_by_label("Name").fill("still")
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog.locator(".error")).to_have_text("There is a camera still already.")
    dialog.get_by_label("Name").fill("front")
    dialog.get_by_role("button", name="Insert").click()
    expect(page.locator("#text")).to_have_value(re.compile("name: front"))
    [_, _, camera] = yaml.safe_load(text(page))["cameras"]
    assert camera == {"name": "front", "model": "webcam", "attributes": {"video_path": "/dev/video2"}}
    assert "# Device (/dev/video0) or number; the first one found" in text(page)
    wait_for(page, lambda: desk.drafts[-1]["camera"] == "front")
    page.keyboard.press("Control+z")
    assert text(page) == TEXT


def test_a_transform_is_added_behind_the_one_at_the_cursor(page: Page) -> None:
    put_cursor(page, "type: rotate")
    page.get_by_role("button", name="Add a transform").click()
    dialog = page.locator("#new-transform")
    expect(dialog.get_by_role("radio")).not_to_have_count(0)
    assert accessibility_findings(page) == []
    dialog.get_by_role("radio", name="detections Attach").check()
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value(re.compile("type: detections"))
    added = yaml.safe_load(text(page))["cameras"][1]["attributes"]["pipeline"][1]
    assert added["attributes"] == {"detector_name": "boxes", "confidence_threshold": 0.5, "valid_labels": []}
    assert selected(page) == "0.5", "there is only one service"
    expect(page.locator("#problems-summary")).to_have_text("No problems")


def test_a_source_gets_a_camera_that_transforms_its_frames(page: Page) -> None:
    put_cursor(page, "- name: still")
    page.get_by_role("button", name="Add a transform").click()
    dialog = page.locator("#new-camera")
    expect(dialog.get_by_label("Camera that gives the frames")).to_have_value("still")
    expect(dialog).to_have_accessible_description(re.compile("still has no transforms: it is a source."))
    expect(page.locator("#notice")).to_be_hidden()
    dialog.get_by_label("First transform").select_option("flip")
    dialog.get_by_role("button", name="Insert").click()
    expect(page.locator("#text")).to_have_value(re.compile("name: still-flip"))
    added = yaml.safe_load(text(page))["cameras"][1]
    assert added["name"] == "still-flip"
    assert added["attributes"]["source"] == "still"
    assert selected(page) == "horizontal"


def test_nothing_is_added_in_place_of_what_somebody_has_written(page: Page) -> None:
    wrong = "cameras:\n  still: {model: fake}\n"
    page.locator("#text").fill(wrong)
    page.get_by_role("button", name="Add a camera").click()
    page.locator("#new-camera").get_by_role("button", name="Insert").click()
    expect(page.locator("#notice p")).to_have_text("There is no list for it at this place: mend that first.")
    assert text(page) == wrong


def test_a_service_is_added_for_the_transform_that_lacks_one(page: Page, served: Served, desk: Desk) -> None:
    desk.text = TEXT[: TEXT.index("services:")]
    open_editor(page, served)
    put_cursor(page, "type: rotate")
    page.get_by_role("button", name="Add a transform").click()
    dialog = page.locator("#new-transform")
    expect(dialog.locator(".needs")).to_have_text("")
    dialog.get_by_role("radio", name="detections Attach").check()
    expect(dialog.locator(".needs")).to_have_text(re.compile("^It needs a vision service, and there is none that fits"))
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value(re.compile('detector_name: ""'))

    page.get_by_role("button", name="Add a service").click()
    dialog = page.locator("#new-service")
    dialog.locator("[name=model]").fill("models/my detector.v2.tflite")
    expect(dialog.get_by_label("Name")).to_have_value("my-detector-v2")
    dialog.get_by_label("Recognises").select_option("color_detector")
    expect(dialog.locator("[name=model]")).to_be_hidden()
    dialog.get_by_label("Colour", exact=True).fill("#00aa00")
    assert accessibility_findings(page) == []
    dialog.get_by_label("Name").fill("-")
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog.locator(".error")).to_have_text(re.compile("^A name has letters, digits, - and _"))
    dialog.get_by_label("Name").fill("greens")
    dialog.get_by_role("button", name="Insert").click()
    expect(page.locator("#text")).to_have_value(re.compile("name: greens"))
    [service] = yaml.safe_load(text(page))["services"]
    assert service == {
        "name": "greens",
        "type": "vision",
        "model": "color_detector",
        "attributes": {"detect_color": "#00aa00", "hue_tolerance_pct": 0.1, "segment_size_px": 5000},
    }
    assert "detector_name: greens " in text(page)
    expect(page.locator("#problems-summary")).to_have_text("No problems")


@pytest.mark.parametrize("height", [500, 900])
def test_a_new_block_is_in_view(page: Page, served: Served, desk: Desk, height: int) -> None:
    page.set_viewport_size({"width": 1280, "height": height})
    desk.text = TEXT.replace("services:\n", f"{'# more' + chr(10)}" * 40 + "services:\n")
    open_editor(page, served)
    put_cursor(page, "name: turned")
    page.get_by_role("button", name="Add a camera").click()
    page.locator("#new-camera").get_by_role("button", name="Insert").click()
    lines = page.locator(".layer .line")
    expect(lines.filter(has_text="- name: turned-detections")).to_be_in_viewport(ratio=1)
    if height == 900:
        expect(lines.filter(has_text="valid_labels:")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("devices", [[], [{"path": "/dev/video2", "name": "Front"}]])
def test_the_first_camera_is_a_webcam_or_else_a_test_pattern(
    page: Page, served: Served, desk: Desk, devices: list[Any]
) -> None:
    desk.text, desk.devices = "cameras: []\n", devices
    page.goto(f"{served.running.url}edit")
    page.get_by_role("button", name="Add a camera").click()
    expect(page.locator("#new-camera").get_by_label("Device").locator("option")).to_have_count(
        len(devices) + 1, timeout=10_000
    )
    expect(page.locator("#new-camera").get_by_label("Kind")).to_have_value("webcam" if devices else "test_pattern")


# The page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("#draft")).to_have_attribute("data-shown", "")
    assert accessibility_findings(page) == []


def test_a_phone_shows_the_picture_above_the_text(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#draft")).to_have_attribute("data-shown", "")
    picture, field = page.locator("#draft").bounding_box(), page.locator("#editor").bounding_box()
    assert picture is not None
    assert field is not None
    assert picture["y"] + picture["height"] <= field["y"]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
