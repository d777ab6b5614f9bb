from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import fontpkg
import numpy as np
import pytest

from cameras import Image
from transforms.painting import fonts, text
from transforms.painting.faces import UnreadableFont
from transforms.painting.text import MAX_LETTERS, clean, read_typeface, shortened, typeface, width_px, wrapped

NASTY = ["\ud800", "a\udfffb", "\x00", "a\x00b", "\n\t", "", " ", "\u202eabc", "\ufeff\u200d", "\U0010ffff", "👍🏽"]
WORLD = ["éßŁ", "Привет", "日本語", "한국어", "שלום", "مرحبا", "ไทย", "हिन्दी", "\u0301\u0302"]


def forget() -> None:
    text._read.clear()
    fonts._of_opencv.cache_clear()


@pytest.fixture(params=["as installed", "opencv 4"])
def renderer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a test with the OpenCV that is installed, and without the font that only OpenCV 5 has inside."""
    if request.param == "opencv 4":
        monkeypatch.delattr(cv2, "FontFace", raising=False)
    forget()
    yield request.param
    forget()


@pytest.mark.parametrize(
    "label", ["person: 0.98", "éßŁ ñ", "Привет", "Ωμέγα", "שלום: 0.50", "مرحبا", "ไทย", "हिन्दी", "50 °C ½"]
)
def test_a_label_looks_the_same_with_every_opencv(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    installed, width = mask(label), width_px(label, 20, None)
    monkeypatch.delattr(cv2, "FontFace", raising=False)
    monkeypatch.setattr(cv2, "putText", None)
    monkeypatch.setattr(cv2, "getTextSize", None)
    forget()
    assert np.array_equal(mask(label), installed)
    assert width_px(label, 20, None) == width
    forget()


@pytest.mark.parametrize("label", NASTY + WORLD)
def test_no_label_raises(renderer: str, label: str) -> None:
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
def test_letters_stay_within_the_reported_width(renderer: str, size: int, words: str) -> None:
    mask = typeface(None).mask(words, size, 1000, 3 * size, 20, 2 * size)
    columns = np.nonzero(mask.max(axis=0))[0]
    slack = max(1, size // 10)
    assert columns[0] >= 20 - slack
    assert columns[-1] < 20 + width_px(words, size, None) + slack


def test_control_characters_and_runs_of_blanks_become_one_blank() -> None:
    assert clean(" a\n\tb\x00c  d ") == "a b c d"


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert clean("a\ud800b") == "a?b"


def test_long_labels_are_cut() -> None:
    assert clean("x" * 100_000) == "x" * (MAX_LETTERS - 3) + "..."


def mask(words: str, width: int = 300) -> Image:
    return typeface(None).mask(words, 20, width, 40, 4, 26)


@pytest.mark.parametrize("words", ["مرحبا", "ไทย", "हिन्दी", "தமிழ்", "తెలుగు", "ខ្មែរ"])
def test_scripts_that_opencv_lacks_are_drawn(renderer: str, words: str) -> None:
    unknown = mask("?" * len(words))
    assert mask(words).max() == 255
    assert not np.array_equal(mask(words), unknown)


def test_letters_that_no_font_has_are_question_marks(renderer: str) -> None:
    assert np.array_equal(mask("a\U00012000b"), mask("a?b"))  # cuneiform


def test_arabic_letters_are_joined_and_run_from_right_to_left(renderer: str) -> None:
    word = mask("ببب")
    parts, _ = cv2.connectedComponents((word > 127).astype(np.uint8))
    alone, _ = cv2.connectedComponents((mask("ب ب ب") > 127).astype(np.uint8))
    assert parts == alone - 2  # three letters and their points, against one stroke and the same points
    meem_last = mask("بم")  # a joined meem is closed, a beh at the beginning is a tooth with a point below
    assert not np.array_equal(meem_last, mask("مب"))


def test_each_part_of_a_line_stands_in_its_place(renderer: str) -> None:
    line, dog, cat = mask("dog ไทย"), mask("dog"), width_px("dog ", 20, None)
    assert np.array_equal(line[:, :cat], dog[:, :cat])
    assert line[:, cat:].any()
    hebrew_first = mask("אב: 0.98")
    number = width_px("0.98", 20, None)
    assert np.array_equal(hebrew_first[:, : 4 + number - 2], mask("0.98")[:, : 4 + number - 2])


def test_each_script_follows_its_own_rules_beside_another() -> None:
    """The default font has both scripts, but the rules of one script do not join the letters of the other."""
    assert width_px("catहिन्दी", 40, None) == width_px("cat", 40, None) + width_px("हिन्दी", 40, None)


def test_marks_add_no_width() -> None:
    assert width_px("ที่", 20, None) == width_px("ท", 20, None)
    assert width_px("क्ष", 20, None) < width_px("कष", 20, None)


def test_letters_made_of_two_are_one() -> None:
    assert clean("e\u0301") == "é"


def test_a_configured_font_falls_back_for_missing_letters(renderer: str) -> None:
    own = fontpkg.path("Noto Sans Thai", nearest=True)
    assert width_px("ไทย", 20, own) == width_px("ไทย", 20, None)
    assert not np.array_equal(typeface(own).mask("star", 20, 100, 40, 4, 26), mask("star", 100))
    assert np.array_equal(typeface(own).mask("हिन्दी", 20, 100, 40, 4, 26), mask("हिन्दी", 100))
    assert width_px("日本", 20, own) == width_px("日本", 20, None)


def test_a_font_that_is_replaced_is_read_again_when_it_is_checked(tmp_path: Path) -> None:
    own = tmp_path / "own.ttf"
    shutil.copy(fontpkg.path("Noto Sans Thai", nearest=True), own)
    first = typeface(own)
    new = tmp_path / "new.ttf"
    shutil.copy(fontpkg.path("Noto Sans", nearest=True), new)
    new.replace(own)
    assert typeface(own) is first, "nobody has checked it"
    second = read_typeface(own)
    assert np.array_equal(typeface(own).mask("star", 20, 100, 40, 4, 26), mask("star", 100))
    own.write_text("half a font")
    with pytest.raises(UnreadableFont):
        read_typeface(own)
    assert typeface(own) is second


def test_a_fitting_label_is_not_shortened() -> None:
    assert shortened("star", ": 0.98", 1000, 20, None) == "star: 0.98"


def test_the_label_is_shortened_and_the_confidence_stays() -> None:
    short = shortened("traffic light", ": 0.98", 120, 20, None)
    assert short.endswith("...: 0.98")
    assert short.startswith("t")
    assert width_px(short, 20, None) <= 120


def test_without_room_an_ellipsis_remains() -> None:
    assert shortened("traffic light", ": 0.98", 0, 20, None) == "...: 0.98"


def test_words_wrap_to_the_next_line() -> None:
    lines = wrapped("great white shark, white shark: 0.87", 150, 20, None)
    assert " ".join(lines) == "great white shark, white shark: 0.87"
    assert len(lines) > 1
    assert all(width_px(line, 20, None) <= 150 for line in lines)


def test_a_word_wider_than_a_line_is_shortened() -> None:
    (line,) = wrapped("w" * 100, 100, 20, None)
    assert line.endswith("...")
    assert width_px(line, 20, None) <= 100
