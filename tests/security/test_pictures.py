"""Pictures that would take gigabytes or minutes, sent to the real program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from tests.cameras.pictures import corners, encoded
from tests.serving import Serving

from .attacks import peak_memory, undisturbed
from .hostile_pictures import jpeg_with_scans, jpeg_with_two_sizes, png_of_red, png_of_text, tiff_with_two_sizes

CONFIG = """
cameras: [{name: scene, model: test_pattern}]
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
server: {limits: {picture_decode_s: 2}}
"""
PATH = "/api/vision/red/detections"
MEMORY_MAX = 600_000_000
PNG = encoded(".png", corners())


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "test.yaml").write_text(CONFIG)
    with Serving("test.yaml", cwd=folder) as serving:
        serving.client.post(PATH, content=PNG).raise_for_status()
        yield serving


@pytest.mark.parametrize(
    ("make", "status", "detail"),
    [
        (tiff_with_two_sizes, 413, "too large: more pixels than allowed"),
        (jpeg_with_two_sizes, 413, "too large: 20000 x 20000 pixels, at most 85000000 are allowed"),
        (
            partial(tiff_with_two_sizes, 200),
            422,
            "the TIFF picture is damaged: it states 8 x 8 pixels and has 200 x 200",
        ),
        (jpeg_with_scans, 422, "the JPEG picture has more than 500 scans"),
    ],
    ids=["TIFF", "JPEG", "small TIFF", "scans"],
)
def test_a_false_header_costs_neither_memory_nor_time(
    make: Callable[[], bytes], status: int, detail: str, serving: Serving
) -> None:
    data = make()
    before = time.monotonic()
    answer = serving.client.post(PATH, content=data)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert time.monotonic() - before < 5
    assert peak_memory(serving) < MEMORY_MAX


def test_the_server_answers_while_pictures_take_as_long_as_they_may(serving: Serving) -> None:
    slow = png_of_text()

    def attack() -> list[tuple[int, str]]:
        with ThreadPoolExecutor(2) as pool:
            posts = [pool.submit(httpx.post, serving.url + PATH[1:], content=slow, timeout=60) for _ in range(2)]
        return [(post.result().status_code, post.result().json()["detail"]) for post in posts]

    # A machine that does not give the decoder two seconds in ten says so.
    sentences = {
        422: "the picture takes more than 2 s to decode",
        503: "this machine is too busy to decode the picture",
    }
    for status, detail in undisturbed(serving, attack):
        assert detail.startswith(sentences[status])
    assert serving.client.post(PATH, content=PNG).status_code == 200
    assert peak_memory(serving) < MEMORY_MAX


def test_libraries_write_nothing_to_stderr(serving: Serving) -> None:
    before = serving.errors()
    for extension in (".png", ".jpg", ".tiff", ".webp", ".bmp"):
        whole = encoded(extension, corners())
        for at in range(8, len(whole), max(len(whole) // 40, 1)):
            damaged = whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]
            assert serving.client.post(PATH, content=damaged).status_code in (200, 413, 415, 422)
    assert serving.errors().removeprefix(before) == ""


def test_the_largest_picture_takes_the_memory_of_its_pixels(serving: Serving) -> None:
    before = peak_memory(serving)
    answer = serving.client.post(PATH, content=png_of_red(), timeout=60)
    assert (answer.status_code, len(answer.json()["detections"])) == (200, 1)
    # Twice in the process that decodes it and once in the server, where the search for areas took three times as much.
    pixels = 3 * 9216 * 9216
    assert peak_memory(serving) - before < 3 * pixels + 250_000_000
