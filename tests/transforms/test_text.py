from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from transforms import text
from transforms.text import MAX_LETTERS, UnreadableFont, clean, shortened, typeface, width_px, wrapped

NASTY = ["\ud800", "a\udfffb", "\x00", "a\x00b", "\n\t", "", " ", "\u202eabc", "\ufeff\u200d", "\U0010ffff", "👍🏽"]
WORLD = ["éßŁ", "Привет", "日本語", "한국어", "שלום", "مرحبا", "ไทย", "हिन्दी", "\u0301\u0302"]


@pytest.fixture(params=["as installed", "opencv 4"])
def renderer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a test with the text of OpenCV 5, where that is installed, and with the strokes that OpenCV 4 has as well."""
    if request.param == "opencv 4":
        monkeypatch.delattr(cv2, "FontFace", raising=False)
    typeface.cache_clear()
    width_px.cache_clear()
    yield request.param
    typeface.cache_clear()
    width_px.cache_clear()


@pytest.mark.parametrize("label", NASTY + WORLD)
def test_no_label_does_harm(renderer: str, label: str) -> None:
    label = clean(label)
    mask = typeface(None).mask(f"{label}: 0.50", 20, 200, 30, 4, 22)
    assert mask.shape == (30, 200)
    assert mask.max() > 200
    assert width_px(f"{label}: 0.50", 20, None) > 0


def test_a_wider_text_is_wider(renderer: str) -> None:
    assert 0 < width_px("i", 20, None) < width_px("iii", 20, None) < width_px("WWW", 20, None)
    assert width_px("star", 20, None) < width_px("star", 40, None)


@pytest.mark.parametrize("size", [10, 14, 24, 72])
@pytest.mark.parametrize("words", ["person: 0.98", "Ágjpqy|: 0.87", "WWW", "iii"])
def test_the_letters_stay_within_the_width_told(renderer: str, size: int, words: str) -> None:
    mask = typeface(None).mask(words, size, 1000, 3 * size, 20, 2 * size)
    columns = np.nonzero(mask.max(axis=0))[0]
    slack = max(1, size // 10)
    assert columns[0] >= 20 - slack
    assert columns[-1] < 20 + width_px(words, size, None) + slack


def test_control_characters_and_runs_of_blanks_become_one_blank() -> None:
    assert clean(" a\n\tb\x00c  d ") == "a b c d"


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert clean("a\ud800b") == "a?b"


def test_endless_labels_are_cut() -> None:
    assert clean("x" * 100_000) == "x" * (MAX_LETTERS - 3) + "..."


def test_without_scalable_fonts_accents_are_dropped_and_foreign_letters_marked() -> None:
    assert text._ascii("Crème brûlée 日本") == "Creme brulee ??"


def test_what_fits_is_not_shortened() -> None:
    assert shortened("star", ": 0.98", 1000, 20, None) == "star: 0.98"


def test_the_label_gives_way_and_the_confidence_stays() -> None:
    short = shortened("traffic light", ": 0.98", 120, 20, None)
    assert short.endswith("...: 0.98")
    assert short.startswith("t")
    assert width_px(short, 20, None) <= 120


def test_with_no_room_at_all_something_is_left() -> None:
    assert shortened("traffic light", ": 0.98", 0, 20, None) == "...: 0.98"


def test_words_go_to_the_next_line_when_there_is_no_room() -> None:
    lines = wrapped("great white shark, white shark: 0.87", 150, 20, None)
    assert " ".join(lines) == "great white shark, white shark: 0.87"
    assert len(lines) > 1
    assert all(width_px(line, 20, None) <= 150 for line in lines)


def test_a_word_without_end_is_shortened() -> None:
    (line,) = wrapped("w" * 100, 100, 20, None)
    assert line.endswith("...")
    assert width_px(line, 20, None) <= 100


def test_a_missing_font_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFont, match=r"^.*none\.ttf: No such file or directory$"):
        typeface(tmp_path / "none.ttf")


def font(*tables: tuple[bytes, int, int]) -> bytes:
    """Return the head of a TrueType file that tells of tables (name, offset, length)."""
    entries = [name + bytes(4) + at.to_bytes(4, "big") + length.to_bytes(4, "big") for name, at, length in tables]
    return b"\x00\x01\x00\x00" + len(tables).to_bytes(2, "big") + bytes(6) + b"".join(entries)


WHOLE = font(*((name, 92, 0) for name in (b"cmap", b"head", b"hhea", b"hmtx", b"maxp")))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a TrueType or OpenType font"),
        (b"hello world" * 100, "not a TrueType or OpenType font"),
        (b"\x00\x01\x00\x00", "the font lacks its tables cmap, head, hhea, hmtx, maxp"),
        (font((b"head", 28, 0)), "the font lacks its tables cmap, hhea, hmtx, maxp"),
        (font((b"head", 28, 1)), "the font is cut off"),
        (font((b"head", 28, 0))[:20], "the font is cut off"),
        (b"ttcf" + bytes(8) + b"\xff" * 12, "the font lacks its tables cmap, head, hhea, hmtx, maxp"),
    ],
)
def test_what_is_no_whole_font_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "text.ttf"
    path.write_bytes(content)
    with pytest.raises(UnreadableFont) as caught:
        typeface(path)
    assert str(caught.value) == f"{path}: {sentence}"


def test_a_font_of_ones_own_needs_opencv_5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "FontFace", raising=False)
    path = tmp_path / "text.ttf"
    path.write_bytes(WHOLE)
    with pytest.raises(UnreadableFont, match=r"text\.ttf: a font of your own needs OpenCV 5, this is "):
        typeface(path)
