"""What draws letters: the fonts that OpenCV has built in, and font files with everything that their scripts ask for."""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np
import uharfbuzz

from cameras import Image

from .bidi import Run, turned

WEIGHT = 600  # semibold: thin strokes drown in the compression of the video
_TICKS = 64  # of a pixel, in which positions of letters are counted; FreeType's and so the usual ones
_FORMATS = (b"\x00\x01\x00\x00", b"true", b"OTTO", b"ttcf")
_OUTLINES = {"glyf", "CFF ", "CFF2"}  # the tables that hold outlines; fonts of coloured pictures have others


class UnreadableFont(ValueError):
    """A font file that cannot be used; the message names it and says why."""


class Face(Protocol):
    """What draws a run of letters: one that runs one way, in letters that this face has."""

    one_script: ClassVar[bool]
    """Whether a run must be of one script."""

    def has(self, cluster: str) -> bool:
        """Whether all letters of a cluster can be drawn."""

    def width(self, run: Run, size: int) -> int:
        """Return how wide a run is, in pixels, in letters of ``size`` pixels."""

    def draw(self, mask: Image, run: Run, size: int, x: int, baseline: int) -> None:
        """Draw a run into a mask of (height, width) uint8, begun at ``x``: 255 inside the letters."""


class BuiltIn:
    """The scalable font of OpenCV 5: a sans serif with Latin, Greek, Cyrillic, Hebrew, Chinese, Japanese and Korean.

    It knows Arabic letters one by one, but does not join them. One renderer for all threads: whether OpenCV's is safe
    to share is not documented, and results are cached anyway.
    """

    one_script: ClassVar[bool] = False
    _MISSING = "\U0010ffff"  # is never a letter

    def __init__(self) -> None:
        self._face: Any = cv2.FontFace("sans")
        self._lock = threading.Lock()
        self._known: dict[str, bool] = {}

    def has(self, cluster: str) -> bool:
        """Whether all letters can be drawn."""
        return all(map(self._knows, _visible(cluster)))

    def _knows(self, letter: str) -> bool:
        """Look whether a letter comes out as what is drawn where there is none: OpenCV does not tell."""
        known = self._known.get(letter)
        if known is None:
            known = letter in ("?", " ") or not np.array_equal(self._sample(letter), self._sample(self._MISSING))
            self._known[letter] = known
        return known

    def _sample(self, letter: str) -> Image:
        mask = np.zeros((40, 60), np.uint8)
        self._put(mask, letter, 20, 10, 28)
        return mask

    def width(self, run: Run, size: int) -> int:
        """Return how wide a run is."""
        with self._lock:
            x, _, width, _ = cv2.getTextSize((0, 0), _in_order(run), (0, 0), self._face, size, weight=WEIGHT)
        return max(x + width, 0)

    def draw(self, mask: Image, run: Run, size: int, x: int, baseline: int) -> None:
        """Draw a run."""
        self._put(mask, _in_order(run), size, x, baseline)

    def _put(self, mask: Image, text: str, size: int, x: int, baseline: int) -> None:
        with self._lock:
            cv2.putText(mask, text, (x, baseline), (255,), self._face, size, weight=WEIGHT)


class Strokes:
    """The pen strokes of OpenCV 4, which knows no other than ASCII letters: accents are dropped, the rest is ``?``."""

    one_script: ClassVar[bool] = False
    _FONT = cv2.FONT_HERSHEY_SIMPLEX
    _SIZE_PX = 30  # height from the lowest to the highest letter at scale 1

    def has(self, cluster: str) -> bool:
        """Whether all letters can be drawn, if without their accents."""
        return "?" not in _ascii(_visible(cluster).replace("?", ""))

    def width(self, run: Run, size: int) -> int:
        """Return how wide a run is."""
        text = _ascii(_in_order(run))
        (width, _), _ = cv2.getTextSize(text, self._FONT, size / self._SIZE_PX, self._thickness(size))
        return int(width)

    def draw(self, mask: Image, run: Run, size: int, x: int, baseline: int) -> None:
        """Draw a run."""
        scale, thickness = size / self._SIZE_PX, self._thickness(size)
        cv2.putText(mask, _ascii(_in_order(run)), (x, baseline), self._FONT, scale, (255,), thickness, cv2.LINE_AA)

    @staticmethod
    def _thickness(size: int) -> int:
        return max(1, round(size / 12))


class FontFile:
    """A TrueType or OpenType file, its letters joined, stacked and reordered as their script asks.

    Args:
        path: The file; it is read at once and may be gone afterwards.

    Raises:
        UnreadableFont: when it cannot be read, is no font, or has no outlines.
    """

    one_script: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UnreadableFont(f"{path}: {error.strerror}") from error
        if data[:4] not in _FORMATS:
            raise UnreadableFont(f"{path}: not a TrueType or OpenType font")
        if _cut_off(data):
            raise UnreadableFont(f"{path}: the font is cut off")
        face = uharfbuzz.Face(uharfbuzz.Blob(data))
        self._letters = frozenset(face.unicodes)
        if not self._letters or not _OUTLINES & set(face.table_tags):
            raise UnreadableFont(f"{path}: the font has no letters with outlines")
        self._font = uharfbuzz.Font(face)
        self._font.set_variations({"wght": WEIGHT})
        self._lock = threading.Lock()

    def has(self, cluster: str) -> bool:
        """Whether all letters can be drawn."""
        return all(ord(letter) in self._letters for letter in _visible(cluster))

    def width(self, run: Run, size: int) -> int:
        """Return how wide a run is."""
        with self._lock:
            return int(-(-sum(place.x_advance for place in self._shaped(run, size).glyph_positions) // _TICKS))

    def draw(self, mask: Image, run: Run, size: int, x: int, baseline: int) -> None:
        """Draw a run."""
        height, width = mask.shape
        with self._lock:
            shaped = self._shaped(run, size)
            pen = uharfbuzz.RasterDraw()
            left, bottom = x * _TICKS, 0
            for glyph, place in zip(shaped.glyph_infos, shaped.glyph_positions, strict=True):
                at = ((left + place.x_offset) / _TICKS, (bottom + place.y_offset) / _TICKS)
                pen.transform = (1 / _TICKS, 0, 0, 1 / _TICKS, *at)
                pen.draw_glyph(self._font, glyph.codepoint)
                left, bottom = left + place.x_advance, bottom + place.y_advance
            # HarfBuzz counts rows upwards from the baseline.
            pen.extents = uharfbuzz.RasterExtents(0, baseline - height, width, height, width)
            drawn = pen.render()
        if drawn is not None and drawn.buffer:
            letters = np.frombuffer(drawn.buffer, np.uint8).reshape(height, -1)[::-1, :width]
            np.maximum(mask, letters, out=mask)

    def _shaped(self, run: Run, size: int) -> Any:
        self._font.scale = (size * _TICKS, size * _TICKS)
        buffer = uharfbuzz.Buffer()
        buffer.add_str("".join(run.clusters))
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if run.right_to_left else "ltr"
        uharfbuzz.shape(self._font, buffer)
        return buffer


def _cut_off(data: bytes) -> bool:
    """Look what HarfBuzz does not mind: it would draw nothing for the letters that are missing at the end."""
    start = _number(data, 12, 4) if data[:4] == b"ttcf" else 0
    for entry in range(start + 12, start + 12 + 16 * _number(data, start + 4, 2), 16):
        if max(entry + 16, _number(data, entry + 8, 4) + _number(data, entry + 12, 4)) > len(data):
            return True
    return False


def _number(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "big")


def _visible(cluster: str) -> str:
    """Return the letters that are seen: joiners and marks of direction are not."""
    return "".join(letter for letter in cluster if unicodedata.category(letter) != "Cf")


def _in_order(run: Run) -> str:
    """Return a run as it is drawn from left to right by what draws letter after letter."""
    return _visible(turned(run.clusters) if run.right_to_left else "".join(run.clusters))


@lru_cache(maxsize=4096)
def _ascii(text: str) -> str:
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() else "?" for letter in plain)
