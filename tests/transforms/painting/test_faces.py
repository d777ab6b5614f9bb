from __future__ import annotations

import os
from pathlib import Path

import cv2
import fontpkg
import numpy as np
import pytest

from cameras import Image
from transforms.painting.bidi import Run
from transforms.painting.faces import Face, FontFile, OpenCvFont, UnreadableFont

THAI = fontpkg.path("Noto Sans Thai", nearest=True)
needs_opencv_5 = pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 4 has no fonts")


def drawn(face: Face, text: str, *, right_to_left: bool = False) -> Image:
    mask = np.zeros((40, 200), np.uint8)
    face.draw(mask, Run(tuple(text), right_to_left), 20, 4, 26)
    return mask


@needs_opencv_5
@pytest.mark.parametrize(
    ("letter", "has"),
    [("a", True), ("?", True), (" ", True), ("日", True), ("ไ", False), ("e\u200d", True), ("ب", False)],
)
def test_the_opencv_font_knows_its_letters(letter: str, has: bool) -> None:
    assert OpenCvFont().has(letter) is has


@needs_opencv_5
def test_the_opencv_font_draws_the_width_it_reports() -> None:
    font, mask = OpenCvFont(), np.zeros((40, 200), np.uint8)
    width = font.draw(mask, Run(("日", "本"), False), 20, 4, 26)
    columns = np.nonzero(mask > 127)[1]
    assert width == font.width(Run(("日", "本"), False), 20)
    assert 4 <= columns.min()
    assert columns.max() < 4 + width


def test_a_font_file_has_its_letters_and_no_others() -> None:
    font = FontFile(THAI)
    assert font.has("ไ")
    assert font.has("a\u200d")
    assert not font.has("日")


def test_letters_stay_within_the_reported_width_and_on_the_baseline() -> None:
    font = FontFile(THAI)
    mask = drawn(font, "HIH")
    rows, columns = np.nonzero(mask > 127)
    assert rows.max() == 25  # the row above the baseline
    assert 4 <= columns.min()
    assert columns.max() < 4 + font.width(Run(tuple("HIH"), False), 20)


def test_drawing_keeps_earlier_letters() -> None:
    mask = np.full((40, 200), 7, np.uint8)
    FontFile(THAI).draw(mask, Run(("H",), False), 20, 100, 26)
    assert mask.min() == 7
    assert mask.max() == 255


@pytest.mark.parametrize(("x", "baseline"), [(-300, 26), (500, 26), (4, -100), (4, 400)])
def test_letters_outside_the_mask_are_clipped(x: int, baseline: int) -> None:
    mask = np.zeros((40, 200), np.uint8)
    FontFile(THAI).draw(mask, Run(("H",), False), 20, x, baseline)
    assert not mask.any()


@pytest.mark.parametrize("x", [-6, 194])
def test_letters_at_the_edge_of_the_mask_are_cut(x: int) -> None:
    font, whole, cut = FontFile(THAI), np.zeros((40, 300), np.uint8), np.zeros((30, 200), np.uint8)
    font.draw(whole, Run(("H",), False), 20, x + 50, 12)
    font.draw(cut, Run(("H",), False), 20, x, 2)
    assert cut.any()
    assert np.array_equal(cut, whole[10:, 50:250])


def test_a_run_of_blanks_draws_nothing_but_has_a_width() -> None:
    assert not drawn(FontFile(THAI), "  ").any()
    assert FontFile(THAI).width(Run((" ", " "), False), 20) > 0


@pytest.mark.parametrize("size", [20, 400])
def test_a_run_looks_the_same_drawn_again(size: int) -> None:
    font, run = FontFile(THAI), Run(tuple("ที่ HIH"), False)
    masks = [np.zeros((2 * size, 10 * size), np.uint8) for _ in range(2)]
    widths = {font.draw(mask, run, size, 4, size) for mask in masks}
    assert masks[0].any()
    assert np.array_equal(masks[0], masks[1])
    assert widths == {font.width(run, size)}


def test_a_missing_font_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFont, match=r"^.*none\.ttf: No such file or directory$"):
        FontFile(tmp_path / "none.ttf")


def font(*tables: tuple[bytes, int, int]) -> bytes:
    """Return the head of a TrueType file that tells of tables (name, offset, length)."""
    entries = [name + bytes(4) + at.to_bytes(4, "big") + length.to_bytes(4, "big") for name, at, length in tables]
    return b"\x00\x01\x00\x00" + len(tables).to_bytes(2, "big") + bytes(6) + b"".join(entries)


def without(table: bytes) -> bytes:
    """Return a whole font in which one table goes by another name."""
    data: bytes = THAI.read_bytes()
    return data.replace(table, b"zzzz", 1)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a TrueType or OpenType font"),
        (b"hello world" * 100, "not a TrueType or OpenType font"),
        (b"\x00\x01\x00\x00", "the font has no letters with outlines"),
        (font((b"head", 28, 0)), "the font has no letters with outlines"),
        (font((b"head", 28, 1)), "the font file is truncated"),
        (font((b"head", 28, 0))[:20], "the font file is truncated"),
        (b"ttcf" + bytes(8) + b"\xff" * 12, "the font has no letters with outlines"),
        (THAI.read_bytes()[:-100], "the font file is truncated"),
        (without(b"cmap"), "the font has no letters with outlines"),
        (without(b"glyf"), "the font has no letters with outlines"),
    ],
    ids=[
        "empty",
        "text",
        "no tables",
        "one table",
        "cut table",
        "cut entry",
        "collection",
        "cut end",
        "no cmap",
        "no glyf",
    ],
)
def test_invalid_and_truncated_fonts_are_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "text.ttf"
    path.write_bytes(content)
    with pytest.raises(UnreadableFont) as caught:
        FontFile(path)
    assert str(caught.value) == f"{path}: {sentence}"


def test_a_font_whose_tables_have_no_readable_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.ttf"
    path.write_bytes(THAI.read_bytes().replace(b"glyf", b"gl\xa2f", 1))
    with pytest.raises(UnreadableFont, match=r"text\.ttf: the font is damaged \('utf-8' codec can't decode byte 0xa2"):
        FontFile(path)


def test_a_font_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "text.ttf")
    for path in (tmp_path / "text.ttf", Path("/dev/zero")):
        with pytest.raises(UnreadableFont) as caught:
            FontFile(path)
        assert str(caught.value) == f"{path}: is not a regular file"


def test_a_font_with_broken_tables_does_not_crash(tmp_path: Path) -> None:
    data = bytearray(THAI.read_bytes())
    random = np.random.default_rng(1)
    for place in random.integers(300, len(data), 2000):
        data[place] = random.integers(0, 256)
    path = tmp_path / "broken.ttf"
    path.write_bytes(data)
    try:
        face = FontFile(path)
    except UnreadableFont:
        return
    drawn(face, "Hที่")
