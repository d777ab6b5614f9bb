"""Font faces: font files, shaped and rasterised by HarfBuzz, and the built-in font of OpenCV 5.

The letters of a font file look the same with every OpenCV version. OpenCV's built-in font draws only the letters that
no font file has, because no package has a Chinese, Japanese or Korean font.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import cv2
import numpy as np
import uharfbuzz

from cameras import Image

from .bidi import Run, reversed_run

WEIGHT = 700  # bold, because video compression blurs thin strokes
_TICKS = 64  # units of a glyph position per pixel, as in FreeType
# Number of letters times size in pixels, enough for the words of labels. 1024 words at 24 pixels need at most 15 MB.
_CACHED_PX_MAX = 1000
_FORMATS = (b"\x00\x01\x00\x00", b"true", b"OTTO", b"ttcf")
_OUTLINES = {"glyf", "CFF ", "CFF2"}  # tables with outlines; color bitmap fonts have other tables


class UnreadableFont(ValueError):
    """A font file cannot be used; the message names the file and the reason."""


class Face(Protocol):
    """Draws runs of letters; each run has one direction and only letters that the face has."""

    one_script: ClassVar[bool]
    """Whether a run must be of one script."""

    def has(self, cluster: str) -> bool:
        """Return whether the face can draw all letters of a cluster."""

    def width(self, run: Run, size: int) -> int:
        """Return the width of a run in pixels, at a text size of ``size`` pixels."""

    def draw(self, mask: Image, run: Run, size: int, x: int, baseline: int) -> int:
        """Draw a run into a (height, width) uint8 mask, starting at ``x``: 255 inside the letters. Return its width."""


class OpenCvFont:
    """The built-in sans serif of OpenCV 5: Latin, Greek, Cyrillic, Hebrew, Chinese, Japanese and Korean.

    It has Arabic letters but does not join them, so this class reports them as missing. A lock protects the one
    renderer of all threads: OpenCV does not document whether sharing is safe, and results are cached anyway.
    """

    one_script: ClassVar[bool] = False
    _MISSING = "\U0010ffff"  # never a letter
    _WEIGHT = 600  # looks like ``WEIGHT`` of other fonts

    def __init__(self) -> None:
        self._face: Any = cv2.FontFace("sans")
        self._lock = threading.Lock()
        self._known: dict[str, bool] = {}

    def has(self, cluster: str) -> bool:
        """Return whether the font draws all letters correctly."""
        return unicodedata.bidirectional(cluster[0]) != "AL" and all(map(self._knows, _visible(cluster)))

    def _knows(self, letter: str) -> bool:
        """Compare a letter with the glyph for missing letters, because OpenCV does not report those."""
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
        """Return the width of a run in pixels."""
        with self._lock:
            x, _, width, _ = cv2.getTextSize((0, 0), _in_order(run), (0, 0), self._face, size, weight=self._WEIGHT)
        return max(x + width, 0)

    def draw(self, mask: Image, run: Run, size: int, x: int, baseline: int) -> int:
        """Draw a run and return its width."""
        self._put(mask, _in_order(run), size, x, baseline)
        return self.width(run, size)

    def _put(self, mask: Image, text: str, size: int, x: int, baseline: int) -> None:
        with self._lock:
            cv2.putText(mask, text, (x, baseline), (255,), self._face, size, weight=self._WEIGHT)


class _Picture(NamedTuple):
    """A run as coverage, its offset (columns right of the pen, rows above the baseline), and its width."""

    image: Image
    left: int
    above: int
    width: int


class FontFile:
    """A TrueType or OpenType file; letters are joined, stacked and reordered by the rules of their script.

    Args:
        path: The file; it is read at once and not needed afterwards.

    Raises:
        UnreadableFont: The file cannot be read, is not a font, or has no outlines.
    """

    one_script: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        try:
            if path.exists() and not path.is_file():  # a pipe may block for ever, a device may never end
                raise UnreadableFont(f"{path}: is not a regular file")
            data = path.read_bytes()
        except OSError as error:
            raise UnreadableFont(f"{path}: {error.strerror}") from error
        if data[:4] not in _FORMATS:
            raise UnreadableFont(f"{path}: not a TrueType or OpenType font")
        if _is_truncated(data):
            raise UnreadableFont(f"{path}: the font file is truncated")
        try:
            face = uharfbuzz.Face(uharfbuzz.Blob(data))
            self._letters, tables = frozenset(face.unicodes), set(face.table_tags)
            self._font = uharfbuzz.Font(face)
            self._font.set_variations({"wght": WEIGHT})
        except Exception as error:  # such as UnicodeDecodeError, for the name of a table
            raise UnreadableFont(f"{path}: the font is damaged ({error})") from error
        if not self._letters or not _OUTLINES & tables:
            raise UnreadableFont(f"{path}: the font has no letters with outlines")
        self._lock = threading.Lock()
        self._cached = lru_cache(maxsize=1024)(self._rasterised)

    def has(self, cluster: str) -> bool:
        """Return whether the font has all letters."""
        return all(ord(letter) in self._letters for letter in _visible(cluster))

    def width(self, run: Run, size: int) -> int:
        """Return the width of a run in pixels."""
        return self._picture(run, size).width

    def draw(self, mask: Image, run: Run, size: int, x: int, baseline: int) -> int:
        """Draw a run and return its width."""
        picture = self._picture(run, size)
        _stamp(mask, picture.image, x + picture.left, baseline - picture.above)
        return picture.width

    def _picture(self, run: Run, size: int) -> _Picture:
        text = "".join(run.clusters)
        return (self._cached if size * len(text) <= _CACHED_PX_MAX else self._rasterised)(text, run.right_to_left, size)

    def _rasterised(self, text: str, right_to_left: bool, size: int) -> _Picture:
        with self._lock:
            shaped = self._shaped(text, right_to_left, size)
            pen = uharfbuzz.RasterDraw()
            left = bottom = 0
            for glyph, place in zip(shaped.glyph_infos, shaped.glyph_positions, strict=True):
                at = ((left + place.x_offset) / _TICKS, (bottom + place.y_offset) / _TICKS)
                pen.transform = (1 / _TICKS, 0, 0, 1 / _TICKS, *at)
                pen.draw_glyph(self._font, glyph.codepoint)
                left, bottom = left + place.x_advance, bottom + place.y_advance
            drawn = pen.render()
        width = -(-left // _TICKS)
        if drawn is None or not drawn.buffer:
            return _Picture(np.zeros((0, 0), np.uint8), 0, 0, width)
        extents = drawn.extents
        rows = np.frombuffer(drawn.buffer, np.uint8).reshape(extents.height, extents.stride)
        # HarfBuzz counts rows upwards from the baseline.
        image = np.ascontiguousarray(rows[::-1, : extents.width])
        return _Picture(image, extents.x_origin, extents.y_origin + extents.height, width)

    def _shaped(self, text: str, right_to_left: bool, size: int) -> Any:
        self._font.scale = (size * _TICKS, size * _TICKS)
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if right_to_left else "ltr"
        uharfbuzz.shape(self._font, buffer)
        return buffer


def _stamp(mask: Image, picture: Image, x: int, y: int) -> None:
    """Copy a picture onto a mask with its upper left corner at ``x, y``; parts outside the mask are clipped."""
    height, width = picture.shape
    place = mask[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    if place.size:
        top, left = max(-y, 0), max(-x, 0)
        np.maximum(place, picture[top : top + place.shape[0], left : left + place.shape[1]], out=place)


def _is_truncated(data: bytes) -> bool:
    """Return whether the end is missing: HarfBuzz accepts such files, but draws nothing for the missing letters."""
    start = _number(data, 12, 4) if data[:4] == b"ttcf" else 0
    for entry in range(start + 12, start + 12 + 16 * _number(data, start + 4, 2), 16):
        if max(entry + 16, _number(data, entry + 8, 4) + _number(data, entry + 12, 4)) > len(data):
            return True
    return False


def _number(data: bytes, start: int, length: int) -> int:
    return int.from_bytes(data[start : start + length], "big")


def _visible(cluster: str) -> str:
    """Return the visible letters, without joiners and direction marks."""
    return "".join(letter for letter in cluster if unicodedata.category(letter) != "Cf")


def _in_order(run: Run) -> str:
    """Return a run in visual order, for a face that draws letter after letter."""
    return _visible(reversed_run(run.clusters) if run.right_to_left else "".join(run.clusters))
