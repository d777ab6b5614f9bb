from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import cv2
import fontpkg
import pytest

from transforms.painting import fonts
from transforms.painting.faces import FontFile, OpenCvFont
from transforms.painting.fonts import font_with

THAI = fontpkg.path("Noto Sans Thai", nearest=True)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    caches = (fonts._installed, fonts._of_machine, fonts._of_opencv, fonts.font_file, fonts.default_font)
    for remembered in caches:
        remembered.cache_clear()
    yield
    for remembered in caches:
        remembered.cache_clear()


@pytest.fixture
def fontconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in for fontconfig's command where it is looked for; it writes down what it is asked."""
    program = tmp_path / "fc-match"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


def answering(program: Path, shell: str) -> Path:
    asked = program.with_name("asked")
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$2" >>"{asked}"\n{shell}\n')
    program.chmod(0o755)
    return asked


@pytest.mark.parametrize("letter", ["é", "Ж", "Ω", "₽", "ש", "ب", "न", "ไ", "த", "త", "ខ"])
def test_installed_scripts_need_no_font_of_the_machine(letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    font = font_with(letter)
    assert isinstance(font, FontFile)
    assert font.has(letter)


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 4 has no fonts")
def test_the_opencv_font_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert isinstance(font_with("日"), OpenCvFont)
    monkeypatch.delattr(cv2, "FontFace")
    fonts._of_opencv.cache_clear()
    assert font_with("日") is None


def test_an_installed_font_is_preferred_to_those_of_the_machine(fontconfig: Path) -> None:
    asked = answering(fontconfig, f'printf "%s" "{THAI}"')
    assert font_with("é") is fonts.default_font()
    assert font_with("ไ") is not None
    assert not asked.exists()


def test_without_fontconfig_other_letters_have_no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert font_with("ა") is None


def test_fontconfig_is_queried_once_per_block(fontconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda: ())
    asked = answering(fontconfig, f'printf "%s" "{THAI}"')
    font = font_with("ไ")
    assert isinstance(font, FontFile)
    assert font_with("ท") is font
    (question,) = asked.read_text().splitlines()
    assert question.startswith("sans-serif:weight=180:color=false:charset=e01 e02 ")


def test_a_machine_font_without_the_letter_is_not_used(fontconfig: Path) -> None:
    answering(fontconfig, f'printf "%s" "{THAI}"')
    assert font_with("ა") is None


@pytest.mark.parametrize("shell", ["exit 1", "printf /no/such/font.ttf", "printf '\\377'", "printf ''"])
def test_an_unusable_font_is_logged_once(fontconfig: Path, shell: str, caplog: pytest.LogCaptureFixture) -> None:
    answering(fontconfig, shell)
    with caplog.at_level(logging.WARNING):
        assert font_with("ა") is None
        assert font_with("ბ") is None
    (record,) = caplog.records
    assert record.getMessage().startswith("found no usable font on this machine for letters such as ")


def test_a_package_without_a_usable_font_is_logged_and_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = fontpkg.path
    monkeypatch.setattr(fontpkg, "families", lambda: {"broken": None, "noto-sans-thai": None})
    monkeypatch.setattr(
        fontpkg,
        "path",
        lambda family, nearest: tmp_path / "none.ttf" if family == "broken" else path(family, nearest=nearest),
    )
    with caplog.at_level(logging.WARNING):
        assert font_with("ไ") is not None
    (record,) = caplog.records
    assert record.getMessage() == f"font broken cannot be used: {tmp_path}/none.ttf: No such file or directory"
