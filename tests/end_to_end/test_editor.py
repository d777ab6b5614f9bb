"""The page ``/edit`` with all that it needs: a detector and a crop chained onto it, built without touching a file."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, expect

from tests.server.served import FOUND, Served

from .browsers import wait_until

CAMERAS = """\
cameras:
  - {name: still, model: image_file, attributes: {path: still.png, frame_rate: 10}}
  - {name: door, model: stream, attributes: {url: "rtsp://me:correct-horse@127.0.0.1:1/"}}
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, CAMERAS + FOUND[FOUND.index("services:") :]) as running:
        yield running


@pytest.fixture
def edit(page: Page, served: Served) -> Page:
    page.goto(f"{served.running.url}edit")
    expect(page.locator("#text")).to_be_enabled()
    return page


def add(page: Page, source: str, transform: str, name: str) -> None:
    page.get_by_role("button", name="Add a camera").click()
    dialog = page.locator("#new-camera")
    dialog.get_by_label("Kind").select_option("transform")
    dialog.get_by_label("Camera that gives the frames").select_option(source)
    dialog.get_by_label("First transform").select_option(transform)
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Insert").click()
    expect(page.locator("#text")).to_have_value(re.compile(f"name: {name} "))


def wait_for_size(page: Page, width_px: int, height_px: int) -> None:
    size = f"picture.width === {width_px} && picture.height === {height_px}"
    wait_until(page, f"((picture) => {size})(document.querySelector('#draft[data-shown] canvas') ?? {{}})")


def test_a_chain_is_built_tried_and_served(edit: Page, served: Served) -> None:
    page = edit
    assert "me:••••••@" in page.locator("#text").input_value()
    add(page, "still", "detections", "found")
    wait_for_size(page, 64, 48)
    expect(page.locator("#found li")).to_have_text([re.compile("^red")])
    expect(page.locator("#draft-state")).to_contain_text("from still as it runs")
    expect(page.locator("#served-words")).to_have_text("Not served yet: save to serve it.")
    add(page, "found", "crop", "cut")
    wait_for_size(page, 32, 24)
    expect(page.locator("#problems-summary")).to_have_text("No problems")
    assert "found" not in served.path.read_text("utf-8")
    page.keyboard.press("Control+s")
    expect(page.locator("#saved")).to_have_text("Saved. Changed: found, cut")
    wait_until(page, 'document.querySelector("#served").dataset.play === "live"')
    cameras = yaml.safe_load(served.path.read_text("utf-8"))["cameras"]
    assert [camera["name"] for camera in cameras] == ["still", "door", "found", "cut"]
    assert cameras[1]["attributes"]["url"] == "rtsp://me:correct-horse@127.0.0.1:1/"
    assert cameras[3]["attributes"]["source"] == "found"
    state = served.client.get("/api/cameras/cut").json()
    assert (state["width_px"], state["height_px"]) == (32, 24)


def test_a_host_that_never_answers_is_given_up_with_words(edit: Page) -> None:
    text, words = edit.locator("#text"), edit.locator("#draft-words")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}"
        edit.get_by_role("button", name="Add a camera").click()
        dialog = edit.locator("#new-camera")
        dialog.get_by_label("Kind").select_option("stream")
        dialog.get_by_label("Address").fill(f"{address}/street")
        dialog.get_by_role("button", name="Insert").click()
        expect(text).to_have_value(re.compile(f"url: {address}/street "))
        text.fill(text.input_value().replace("transport:", "open_timeout_s: 3\n      transport:"))
        expect(words).to_have_text("Waiting for the first picture; the host has 3 s to answer.", timeout=15_000)
        given_up = f"{address}: no stream within 3 s; the host does not answer, or sends nothing."
        expect(words).to_have_text(given_up, timeout=15_000)
        expect(edit.locator("#draft-state")).to_have_text("No picture")
        text.fill(CAMERAS[: CAMERAS.index("  - {name: door")])
        wait_for_size(edit, 64, 48)
        expect(words).to_be_hidden()


def test_a_draft_that_was_killed_can_be_started_again(edit: Page, served: Served) -> None:
    edit.locator("#camera").select_option("still")
    wait_for_size(edit, 64, 48)
    [draft] = served.running.drafts._drafts.values()
    assert draft._process is not None and draft._process._child is not None
    os.kill(draft._process._child.process.pid, signal.SIGKILL)
    again = edit.get_by_role("button", name="Try again")
    again.click()
    wait_for_size(edit, 64, 48)
    expect(edit.locator("#draft-state")).to_contain_text("Running")
    expect(again).to_be_hidden()
    expect(edit.locator("#draft-words")).to_be_hidden()
