"""The controls on the cards, in Chromium."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.end_to_end.browsers import accessibility_findings, new_page

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import card

CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 320, height_px: 180}, linger_s: 0.5}
  - name: seen
    model: transform
    attributes:
      source: scene
      pipeline:
        - {type: detections, attributes: {detector_name: red, confidence_threshold: 0.4}}  # kept
        - {type: crop, attributes: {x_max_px: 0.8, y_max_px: 0.9}}
  - {name: still, model: image_file, attributes: {path: still.png}}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1, label: "tomato, ripe"}
"""


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("controls"), CONFIG) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with new_page(browser) as page:
        page.goto(served.running.url)
        yield page
    for entry in served.client.get("/api/configuration").json()["unsaved"]:
        patch(served, entry["camera"], entry["transform"], entry["before"])


def patch(served: Served, camera: str, transform: int, values: dict[str, Any]) -> None:
    served.client.patch(f"/api/cameras/{camera}/transforms/{transform}", json=values).raise_for_status()


def attributes(served: Served, transform: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = served.client.get("/api/cameras/seen").json()["transforms"][transform]["attributes"]
    return found


def adjust(page: Page) -> Locator:
    """Open the controls of the camera."""
    found = card(page, "seen").locator(".adjust")
    found.locator("summary").click()
    expect(found.get_by_role("group")).to_have_count(2)
    return found


def test_each_attribute_has_its_control_and_the_help_of_the_schema(page: Page) -> None:
    expect(card(page, "seen").locator(".adjust")).to_be_visible()
    expect(card(page, "scene").locator(".adjust"), "which has no transforms").to_be_hidden()
    found = adjust(page)
    expect(found.locator("label")).to_have_text(
        ["confidence_threshold", "valid_labels", "mode", "delay_s", "max_age_s"]
        + ["x_min_px", "y_min_px", "x_max_px", "y_max_px", "units", "overlay_crop_box"]
    )
    expect(found.get_by_role("slider", name="confidence_threshold")).to_have_value("0.4")
    expect(found.get_by_role("spinbutton", name="confidence_threshold")).to_have_value("0.4")
    expect(found.get_by_role("spinbutton", name="x_max_px")).to_have_value("0.8")
    expect(found.get_by_label("mode").locator("option")).to_have_text(["auto", "sync", "latest", "delayed"])
    expect(found.get_by_role("switch", name="overlay_crop_box")).not_to_be_checked()
    expect(found.get_by_label("valid_labels")).to_have_accessible_description(
        "Labels kept, in any letter case; empty keeps all."
    )
    expect(found.locator(".help").first).to_be_hidden()
    found.get_by_role("button", name="Explain").click()
    expect(found.locator(".help").first).to_have_text("Lowest confidence kept; equal is kept.")
    assert accessibility_findings(page) == []


KINDS = """async (types) => {
    const { adjustable } = await import("/page/controls/schema.js");
    const kinds = {};
    for (const type of types) {
        for (const { name, kind, slider, optional } of await adjustable(type)) {
            kinds[`${type}.${name}`] = slider ? "slider" : optional ? `optional ${kind}` : kind;
        }
    }
    return kinds;
}"""


def test_the_schema_decides_which_control_an_attribute_has(page: Page) -> None:
    assert page.evaluate(KINDS, ["track", "resize", "rotate", "redact", "undistort", "identity"]) == {
        "track.valid_labels": "list",
        "track.iou_threshold": "slider",
        "track.max_age_s": "number",
        "track.by_label": "switch",
        "resize.width_px": "optional number",
        "resize.height_px": "optional number",
        "resize.interpolation": "choice",
        "rotate.angle_degs": "number",
        "redact.confidence_threshold": "slider",
        "redact.valid_labels": "list",
        "redact.method": "choice",
        "redact.margin": "slider",
        "redact.hold_s": "slider",
        "redact.deadline_s": "number",
    }


def test_a_slider_changes_the_camera_and_undo_brings_the_value_of_the_file_back(page: Page, served: Served) -> None:
    found = adjust(page)
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "PATCH" else None)
    found.get_by_role("slider", name="confidence_threshold").focus()
    last = {"confidence_threshold": 0.6}
    with page.expect_response(
        lambda response: response.request.method == "PATCH" and response.request.post_data_json == last
    ):
        for _ in range(20):
            page.keyboard.press("ArrowRight")
    expect(found.get_by_text("Not saved in test.yaml")).to_be_visible()
    assert sent[-1] == last
    assert attributes(served)["confidence_threshold"] == 0.6
    expect(found.locator("summary")).to_contain_text("not saved")
    expect(found.locator(".row .mark:visible")).to_have_count(1)
    assert accessibility_findings(page) == []
    found.get_by_role("button", name="Undo").click()
    expect(found.get_by_text("Not saved in test.yaml")).to_be_hidden()
    expect(found.locator("summary")).to_be_focused()
    expect(found.get_by_role("spinbutton", name="confidence_threshold")).to_have_value("0.4")
    assert attributes(served)["confidence_threshold"] == 0.4


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_below_the_pointer_while_the_predictions_change(page: Page, width: int) -> None:
    counts = [0]

    def answer(route: Route) -> None:
        cameras = route.fetch().json()
        found = [
            {"kind": "detection", "class_name": f"mug {number}", "confidence": 0.5} for number in range(counts[-1])
        ]
        for camera in cameras:
            camera.update(state="running", latest={"predictions": found})
        route.fulfill(json=cameras)

    page.set_viewport_size({"width": width, "height": 900})
    page.route("**/api/cameras", answer)
    slider = adjust(page).get_by_role("slider", name="confidence_threshold")
    rows = card(page, "seen").locator(".predictions li:visible")
    expect(rows).to_have_text(["Nothing"])
    before = slider.bounding_box()
    for count, shown in ((8, 7), (1, 1), (6, 6), (0, 1)):
        counts.append(count)
        expect(rows).to_have_count(shown)
        assert slider.bounding_box() == before
    page.unroute_all(behavior="ignoreErrors")


def test_labels_are_split_at_commas_but_those_of_known_labels(page: Page, served: Served) -> None:
    found = adjust(page)
    labels = found.get_by_label("valid_labels")
    labels.press_sequentially("blue, tom")
    expect(found.locator("datalist option")).to_have_count(1)
    assert found.locator("datalist option").get_attribute("value") == "blue, tomato, ripe"
    labels.fill("blue, Tomato, ripe")
    with page.expect_response(lambda response: response.request.method == "PATCH") as answer:
        labels.press("Enter")
    assert answer.value.request.post_data_json == {"valid_labels": ["blue", "Tomato, ripe"]}
    expect(found.get_by_text("The service does not list blue.")).to_be_hidden()
    page.keyboard.press("Tab")
    expect(found.get_by_text("The service does not list blue.")).to_be_visible()


def test_a_refused_value_is_explained_beside_its_control_and_the_old_one_stays(page: Page, served: Served) -> None:
    found = adjust(page)
    edge = found.get_by_role("spinbutton", name="x_min_px")
    edge.fill("0.9")
    edge.press("Enter")
    expect(edge).to_have_accessible_description(re.compile("x_max_px must be greater than x_min_px"))
    page.keyboard.press("Tab")
    expect(edge).to_have_value("0")
    assert attributes(served, 1)["x_min_px"] == 0
    edge.press("ArrowUp")
    expect(edge).to_have_value("0.01")
    expect(found.locator(".refusal:visible")).to_have_count(0)


def test_save_writes_into_the_file(page: Page, served: Served) -> None:
    found = adjust(page)
    page.route(
        "**/api/configuration/save", lambda route: route.fulfill(status=409, json={"detail": "the file has changed"})
    )
    found.get_by_role("switch", name="overlay_crop_box").check()
    save = found.get_by_role("button", name="Save")
    save.click()
    expect(found.get_by_role("alert").filter(has_text="The file has changed.")).to_be_visible()
    page.unroute("**/api/configuration/save")
    before = served.path.read_text("utf-8")
    save.click()
    expect(found.get_by_text("Saved to test.yaml")).to_be_visible()
    expect(save).to_be_hidden()
    expect(found.get_by_text("The file has changed.")).to_be_hidden()
    assert served.path.read_text("utf-8") == before.replace("y_max_px: 0.9}", "y_max_px: 0.9, overlay_crop_box: true}")


def test_what_others_change_is_shown_but_not_in_a_field_that_is_typed_in(page: Page, served: Served) -> None:
    found = adjust(page)
    typed = found.get_by_role("spinbutton", name="confidence_threshold")
    typed.press_sequentially("5")
    kept = typed.input_value()
    patch(served, "seen", 0, {"confidence_threshold": 0.7, "max_age_s": 3})
    expect(found.get_by_role("spinbutton", name="max_age_s")).to_have_value("3")
    expect(typed).to_have_value(kept)


def test_a_transform_that_the_file_adds_has_its_controls_at_once(page: Page, served: Served) -> None:
    found = adjust(page)
    before = served.path.read_text("utf-8")
    added = "\n        - {type: rotate, attributes: {angle_degs: 90}}\n  - {name: still"
    served.path.write_text(before.replace("\n  - {name: still", added), "utf-8")
    try:
        served.client.post("/api/reload").raise_for_status()
        expect(found.get_by_role("group")).to_have_count(3)
        angle = found.get_by_role("spinbutton", name="angle_degs")
        expect(angle).to_have_value("90")
        with page.expect_response(lambda response: response.request.method == "PATCH") as answer:
            angle.press("ArrowDown")
        assert answer.value.json()["attributes"] == {"angle_degs": 89}
    finally:
        served.path.write_text(before, "utf-8")
        served.client.post("/api/reload").raise_for_status()
    expect(found.get_by_role("group")).to_have_count(2)
