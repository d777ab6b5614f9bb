"""Labels that the page draws over the video, in Chromium: where, how sharp, which of them, and their facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.end_to_end.browsers import accessibility_findings, new_page, wait_until

from ..conftest import check_threads, threads_now
from ..served import Served
from .test_page_in_browser import LIVE

CONFIG = """
cameras:
  - {name: still, model: image_file, attributes: {path: still.png, frame_rate: 10}}
  - name: found
    model: transform
    attributes:
      source: still
      pipeline: [{type: detections, attributes: {detector_name: red, mode: sync}}, {type: track}]
  - {name: scene, model: test_pattern, attributes: {width_px: 320, height_px: 180, frame_rate: 10}}
  - name: masked
    model: transform
    attributes:
      source: scene
      pipeline: [{type: segmentations, attributes: {segmenter_name: masks, valid_labels: [star]}}]
services:
  - name: masks
    type: vision
    model: mlmodel
    attributes: {model_path: MODELS/shapes_segmenter.tflite, num_threads: 1}
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
"""
MODELS = Path(__file__).parents[3] / "configs/models"
# Waits until a camera is watched in these ways and no others.
WATCHED = """async ([name, kinds]) => {
    for (const end = performance.now() + 20_000; ; await new Promise((done) => setTimeout(done, 20))) {
        const { sessions } = await (await fetch(`/api/cameras/${name}`)).json();
        if (sessions.map(({ kind }) => kind).join() === kinds) return;
        if (performance.now() > end) throw new Error(JSON.stringify(sessions));
    }
}"""
# The number of pixels that are drawn on the canvas of a stage.
INK = """() => {
    const canvas = document.querySelector(".drawn");
    const { width, height } = canvas;
    if (!width) return 0;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return data.filter((_, place) => place % 4 === 3 && data[place] > 0).length;
}"""


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("labels"), CONFIG.replace("MODELS", str(MODELS))) as running:
        yield running
    check_threads(before)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with new_page(browser, 720) as page:
        watch(page, served)
        yield page


def watch(page: Page, served: Served, name: str = "found") -> None:
    """Open the page with one camera, and wait until it plays."""
    page.goto(f"{served.running.url}watch/{name}")
    expect(tile(page, name)).to_have_attribute("data-play", LIVE, timeout=20_000)


def tile(page: Page, name: str = "found") -> Locator:
    return page.get_by_role("article", name=name)


def draw(page: Page, name: str = "found") -> None:
    """Let the page draw the labels, and wait until it does."""
    tile(page, name).hover()
    tile(page, name).get_by_role("button", name=f"How labels are shown on {name}").click()
    page.get_by_role("radio", name="Drawn by this page").check()
    wait_until(page, f"({INK})() > 0")


def test_the_page_draws_the_labels_over_the_clean_picture(page: Page, served: Served) -> None:
    assert page.evaluate(INK) == 0
    draw(page)
    page.evaluate(WATCHED, ["found", "webrtc"])  # the page also looks, for a moment, whether there are masks to draw
    camera = served.client.get("/api/cameras/found").json()
    assert [session["annotations"] for session in camera["sessions"]] == [False]
    assert [encoder["annotations"] for encoder in camera["encoders"]] == [False]
    # The box around the upper half, in the middle of a window that is wider than the picture.
    left, top, right, bottom = page.evaluate(
        """() => {
            const canvas = document.querySelector(".drawn");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const places = [];
            for (let at = 3; at < data.length; at += 4) if (data[at]) places.push((at - 3) / 4);
            const xs = places.map((place) => place % canvas.width);
            const ys = places.map((place) => Math.floor(place / canvas.width));
            const ends = (list) => [list.reduce((a, b) => Math.min(a, b)), list.reduce((a, b) => Math.max(a, b))];
            const [[left, right], [top, bottom]] = [ends(xs), ends(ys)];
            return [left, top, right, bottom];
        }"""
    )
    assert np.abs(np.array([left, top, right, bottom]) - (160, 0, 1120, 360)).max() <= 4
    assert accessibility_findings(page) == []
    tile(page).get_by_role("button", name="Labels and boxes on found").click()
    wait_until(page, f"({INK})() === 0")
    page.reload()
    expect(tile(page)).to_have_attribute("data-play", LIVE, timeout=20_000)
    wait_until(page, f"({INK})() > 0")  # the page remembers the choice


def test_labels_are_as_sharp_as_the_screen(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport={"width": 640, "height": 360}, device_scale_factor=3)
    page = context.new_page()
    watch(page, served)
    draw(page)
    assert page.evaluate("(({ width, height }) => [width, height])(document.querySelector('.drawn'))") == [1920, 1080]
    page.set_viewport_size({"width": 320, "height": 240})
    wait_until(page, "document.querySelector('.drawn').width === 960")
    context.close()


def test_what_is_left_out_and_what_the_pointer_says(page: Page) -> None:
    draw(page)
    page.mouse.move(640, 200)
    facts = tile(page).locator(".item-facts")
    expect(facts).to_contain_text(
        re.compile(r"red\s*confidence 1\.00\s*track #1, seen for \d+\.\d s\s*result of this picture")
    )
    page.mouse.move(640, 500)
    expect(facts).to_be_hidden()
    classes = page.get_by_role("checkbox", name="red")
    classes.uncheck()
    wait_until(page, f"({INK})() === 0")
    classes.check()
    wait_until(page, f"({INK})() > 0")
    slider = page.get_by_role("slider", name="Least confidence")
    slider.fill("1")
    expect(page.get_by_role("group", name="Labels of found").locator("output")).to_have_text("100 %")
    wait_until(page, f"({INK})() > 0")  # equal is enough
    slider.focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="Labels of found")).to_be_hidden()
    expect(tile(page).get_by_role("button", name="How labels are shown on found")).to_be_focused()


def test_masks_come_beside_where_there_are_any(page: Page, served: Served) -> None:
    draw(page)
    page.evaluate(WATCHED, ["found", "webrtc"])  # it has looked, and there are none
    watch(page, served, "masked")  # with the same choice
    page.evaluate(WATCHED, ["masked", "webrtc,events"])
    wait_until(page, f"({INK})() > 0")  # without its mask, a segmentation has no place for its label either
