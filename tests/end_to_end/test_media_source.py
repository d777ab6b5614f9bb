"""Browsers that play MP4 over a WebSocket for a while: close to the newest picture, with little of what was shown."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page

from cameras.pattern.scene import read_frame_number
from tests.serving import Serving

from .browsers import Evaluating
from .firefox import Firefox
from .test_other_clients import CONFIG, serving_network

FOR_S = 90.0
STATE = """() => {
    const card = document.querySelector("#camera-scene");
    const video = card.querySelector(".picture.shown");
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    return {
        play: card.dataset.play,
        way: card.querySelector(".way").textContent,
        ranges: video.buffered.length,
        kept_s: video.buffered.end(0) - video.buffered.start(0),
        picture: canvas.toDataURL("image/png").split(",")[1],
    };
}"""
STARTED = """() => new Promise((done) => {
    delete window.RTCPeerConnection;
    const look = () => {
        const card = document.querySelector("#camera-scene");
        if (card?.dataset.play === "live") return done();
        if (card?.dataset.play === "off") card.querySelector("button.watch").click();
        setTimeout(look, 50);
    };
    look();
})"""


def number_in(state: dict[str, Any]) -> int:
    """Return the number that the test pattern shows."""
    image = cv2.imdecode(np.frombuffer(base64.b64decode(state["picture"]), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    number = read_frame_number(image.astype(np.uint8, copy=False))
    assert number is not None
    return number


@contextmanager
def opened(browser: str, page: Page, tmp_path: Path) -> Iterator[Evaluating]:
    """Open the page of a server in a browser."""
    (tmp_path / "scene.yaml").write_text(CONFIG)
    if browser == "firefox":
        (tmp_path / "profile").mkdir()
        with serving_network(tmp_path) as (address, machine), Firefox(tmp_path / "profile", machine) as firefox:
            firefox.goto(address)
            yield firefox
    else:
        with Serving("scene.yaml", cwd=tmp_path) as serving:
            page.goto(serving.url)
            yield page


@pytest.mark.proof
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_the_picture_goes_on(browser: str, page: Page, tmp_path: Path) -> None:
    with opened(browser, page, tmp_path) as window:
        window.evaluate(STARTED)
        first, began_s, worst = number_in(window.evaluate(STATE)), time.monotonic(), 0
        while (passed_s := time.monotonic() - began_s) < FOR_S:
            state = window.evaluate(STATE)
            assert (state["play"], state["way"], state["ranges"]) == ("live", "MSE", 1)
            assert state["kept_s"] < 25.0
            worst = max(worst, round(30 * passed_s) - (number_in(state) - first))
        assert worst < 30, "more than a second behind"
