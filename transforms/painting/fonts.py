"""Selecting the font for a letter: installed font packages first, then the machine's fonts, then OpenCV 5's."""

from __future__ import annotations

import logging
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import fontpkg

from .faces import Face, FontFile, OpenCvFont, UnreadableFont

logger = logging.getLogger(__name__)

_DEFAULT = "Noto Sans"
_BLOCK = 128  # code points; scripts begin at multiples of it
_TIMEOUT_S = 5.0  # fontconfig answers in milliseconds, except for the first time after fonts were installed


@cache
def font_file(path: Path) -> FontFile:
    """Return the font of a file; each file is read once.

    Raises:
        UnreadableFont: The file cannot be used.
    """
    return FontFile(path)


@cache
def default_font() -> FontFile:
    """Return the default font, which has Latin, Greek and Cyrillic letters."""
    return font_file(fontpkg.path(_DEFAULT, nearest=True))


def font_with(cluster: str) -> Face | None:
    """Return a font that has a letter and its combining marks; ``None`` without one."""
    return next((font for font in _fonts(cluster) if font.has(cluster)), None)


def _fonts(cluster: str) -> Iterator[Face]:
    """Yield the fonts to search; each is loaded only when the ones before it lack the letter."""
    yield default_font()
    yield from _installed()
    yield from _of_machine(ord(cluster[0]) // _BLOCK)
    yield from _of_opencv()


@cache
def _installed() -> tuple[FontFile, ...]:
    """Return the fonts installed as packages: those named in setup.cfg and any others."""
    fonts = []
    for family in sorted(fontpkg.families()):
        try:
            fonts.append(font_file(fontpkg.path(family, nearest=True)))
        except (fontpkg.FontpkgError, UnreadableFont, OSError) as error:
            logger.warning("font %s cannot be used: %s", family, error)
    return tuple(fonts)


@cache
def _of_opencv() -> tuple[OpenCvFont, ...]:
    """Return the built-in font of OpenCV 5; empty with OpenCV 4."""
    return (OpenCvFont(),) if hasattr(cv2, "FontFace") else ()


@cache
def _of_machine(block: int) -> tuple[FontFile, ...]:
    """Return fontconfig's sans serif for a block of letters; empty without one. Asks once per block."""
    program = shutil.which("fc-match")
    if program is None:
        return ()
    letters = " ".join(f"{letter:x}" for letter in range(block * _BLOCK, (block + 1) * _BLOCK) if _is_letter(letter))
    wanted = f"sans-serif:weight=180:color=false:charset={letters}"
    try:
        answer = subprocess.run(
            [program, "--format=%{file}", wanted], capture_output=True, timeout=_TIMEOUT_S, check=True
        )
        return (font_file(Path(answer.stdout.decode())),)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError, UnreadableFont) as error:
        logger.warning("found no usable font on this machine for letters such as %s: %s", chr(block * _BLOCK), error)
        return ()


def _is_letter(number: int) -> bool:
    return unicodedata.category(chr(number))[0] in "LMS"
