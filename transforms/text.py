"""Letters as alpha masks: the only file that knows which text renderer the installed OpenCV has."""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from cameras import Image

from .bidi import drawn

MAX_LETTERS = 200  # longer labels are cut; the longest of ImageNet has 121
WEIGHT = 600  # semibold: thin strokes drown in the compression of the video
_FONT_FORMATS = (b"\x00\x01\x00\x00", b"true", b"OTTO", b"ttcf")
_FONT_TABLES = {b"cmap", b"head", b"hhea", b"hmtx", b"maxp"}  # without them no letter can be found or measured


class UnreadableFont(ValueError):
    """A font file that cannot be used; the message names it and says why."""


class Typeface(Protocol):
    """What draws text of one line."""

    def width(self, text: str, size: int) -> int:
        """Return how wide the text is, in pixels."""

    def mask(self, text: str, size: int, width: int, height: int, x: int, baseline: int) -> Image:
        """Return the text, begun at ``x`` on the baseline, as (height, width) uint8: 255 inside the letters."""


class _Outlines:
    """The scalable fonts of OpenCV 5: a built-in sans serif with most of the world's letters, or a file.

    One renderer for all threads: whether OpenCV's is safe to share is not documented, and results are cached anyway.
    """

    def __init__(self, name: str) -> None:
        self._face: Any = cv2.FontFace(name)
        self._lock = threading.Lock()

    def width(self, text: str, size: int) -> int:
        with self._lock:
            x, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), self._face, size, weight=WEIGHT)
        return max(x + width, 0)

    def mask(self, text: str, size: int, width: int, height: int, x: int, baseline: int) -> Image:
        mask = np.zeros((height, width), np.uint8)
        with self._lock:
            cv2.putText(mask, drawn(text), (x, baseline), (255,), self._face, size, weight=WEIGHT)
        return mask


class _Strokes:
    """The pen strokes of OpenCV 4, which knows no other than ASCII letters: accents are dropped, the rest is ``?``."""

    _FONT = cv2.FONT_HERSHEY_SIMPLEX
    _SIZE_PX = 30  # height from the lowest to the highest letter at scale 1

    def width(self, text: str, size: int) -> int:
        (width, _), _ = cv2.getTextSize(_ascii(text), self._FONT, size / self._SIZE_PX, self._thickness(size))
        return int(width)

    def mask(self, text: str, size: int, width: int, height: int, x: int, baseline: int) -> Image:
        mask = np.zeros((height, width), np.uint8)
        scale, thickness = size / self._SIZE_PX, self._thickness(size)
        cv2.putText(mask, _ascii(text), (x, baseline), self._FONT, scale, (255,), thickness, cv2.LINE_AA)
        return mask

    @staticmethod
    def _thickness(size: int) -> int:
        return max(1, round(size / 12))


@lru_cache(maxsize=16)
def typeface(font: Path | None) -> Typeface:
    """Return the typeface of a font file, or the built-in one.

    Raises:
        UnreadableFont: when the file is missing, is no font, or this OpenCV cannot use any.
    """
    scalable = hasattr(cv2, "FontFace")
    if font is None:
        return _Outlines("sans") if scalable else _Strokes()
    _verify(font)
    if not scalable:
        raise UnreadableFont(f"{font}: a font of your own needs OpenCV 5, this is {cv2.__version__}")
    return _Outlines(str(font))


def _verify(font: Path) -> None:
    """Look at what OpenCV does not: it dies of a file that is no font, and replaces a missing one in silence."""
    try:
        data = font.read_bytes()
    except OSError as error:
        raise UnreadableFont(f"{font}: {error.strerror}") from error
    if data[:4] not in _FONT_FORMATS:
        raise UnreadableFont(f"{font}: not a TrueType or OpenType font")
    start = _number(data, 12, 4) if data[:4] == b"ttcf" else 0
    tables = set()
    for entry in range(start + 12, start + 12 + 16 * _number(data, start + 4, 2), 16):
        if max(entry + 16, _number(data, entry + 8, 4) + _number(data, entry + 12, 4)) > len(data):
            raise UnreadableFont(f"{font}: the font is cut off")
        tables.add(data[entry : entry + 4])
    if not tables >= _FONT_TABLES:
        missing = ", ".join(sorted(table.decode() for table in _FONT_TABLES - tables))
        raise UnreadableFont(f"{font}: the font lacks its tables {missing}")


def _number(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "big")


def clean(text: str) -> str:
    """Return a label as one line that any renderer survives: no control characters, no halves of surrogate pairs."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = " ".join("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text).split())
    return text if len(text) <= MAX_LETTERS else text[: MAX_LETTERS - 3] + "..."


@lru_cache(maxsize=4096)
def _ascii(text: str) -> str:
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() else "?" for letter in plain)


@lru_cache(maxsize=4096)
def width_px(text: str, size: int, font: Path | None) -> int:
    """Return how wide a text is."""
    return typeface(font).width(text, size)


def shortened(label: str, rest: str, room_px: int, size: int, font: Path | None) -> str:
    """Return ``label + rest``, the label cut with an ellipsis where both do not fit into the room there is."""
    if width_px(label + rest, size, font) <= room_px:
        return label + rest
    kept, end = 0, len(label)
    while kept < end:
        middle = (kept + end + 1) // 2
        if width_px(f"{label[:middle].rstrip()}...{rest}", size, font) <= room_px:
            kept = middle
        else:
            end = middle - 1
    return f"{label[:kept].rstrip()}...{rest}"


def wrapped(text: str, room_px: int, size: int, font: Path | None) -> list[str]:
    """Return the text as lines that fit into the room there is; a word that fits no line is shortened."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_px(longer, size, font) <= room_px:
            lines[-1] = longer
        else:
            lines.append(shortened(word, "", room_px, size, font))
    return lines
