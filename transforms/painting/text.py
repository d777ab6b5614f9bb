"""Text as alpha masks: the font for each part of a label, and shortening and wrapping to the available room."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cameras import Image

from .bidi import Run, runs

if TYPE_CHECKING:
    from .faces import Face

_WORD = re.compile("[^ ]+ ?| +")
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
MAX_LETTERS = 200  # longer labels are cut; the longest ImageNet label has 121


class _Piece(NamedTuple):
    """Part of a line that one face draws."""

    face: Face
    run: Run


class Typeface:
    """Draws one line of text with one font, and with others for the letters that it lacks."""

    def __init__(self, own: Face) -> None:
        self._own = own
        self._has_ascii = own.has(_ASCII)

    def width(self, text: str, size: int) -> int:
        """Return the width of the text in pixels."""
        return sum(face.width(run, size) for face, run in self._pieces(text))

    def mask(self, text: str, size: int, width: int, height: int, x: int, baseline: int) -> Image:
        """Return the text as a (height, width) uint8 mask, begun at ``x`` on the baseline: 255 inside the letters."""
        mask = np.zeros((height, width), np.uint8)
        for face, run in self._pieces(text):
            x += face.draw(mask, run, size, x, baseline)
        return mask

    def _pieces(self, text: str) -> list[_Piece]:
        """Return the parts of a line from left to right."""
        if not text:
            return []
        if self._has_ascii and text.isascii():  # most labels; takes a tenth of the time
            # Split into words: a confidence changes from frame to frame, the words before it stay in the cache.
            return [_Piece(self._own, Run((word,), False)) for word in _WORD.findall(text)]
        pieces: list[_Piece] = []
        for run in runs(text):
            parts = self._parts(run)
            pieces += reversed(parts) if run.right_to_left else parts
        return pieces

    def _parts(self, run: Run) -> list[_Piece]:
        """Split a run where the face changes, or the script if the face has ``one_script``; keep the reading order."""
        parts: list[_Piece] = []
        script = ""
        for cluster in run.clusters:
            if parts and not _script(cluster) and not cluster.isdigit() and parts[-1].face.has(cluster):
                face = parts[-1].face  # a space or a point uses the face of the letter before it
            else:
                face, cluster = self._face_for(cluster)
            own = _script(cluster)
            same = parts and face is parts[-1].face and not (face.one_script and own and script and own != script)
            if same:
                parts[-1] = _Piece(face, Run((*parts[-1].run.clusters, cluster), run.right_to_left))
            else:
                parts.append(_Piece(face, Run((cluster,), run.right_to_left)))
            script = own or (script if same else "")
        return parts

    def _face_for(self, cluster: str) -> tuple[Face, str]:
        """Return the face for a cluster and the cluster to draw: a question mark if no font has it."""
        from .fonts import default_font, font_with

        face = self._own if self._own.has(cluster) else font_with(cluster)
        return (face, cluster) if face is not None else (default_font(), "?")


@lru_cache(maxsize=4096)
def _script(cluster: str) -> str:
    """Return the script of a letter, from the first word of its Unicode name; empty for spaces, digits and signs."""
    letter = cluster[0]
    return unicodedata.name(letter, "").partition(" ")[0] if unicodedata.category(letter)[0] in "LM" else ""


_read: dict[Path | None, tuple[object, Typeface]] = {}
"""The typefaces that were read, each with what showed then whether its file is still the same."""


def typeface(font: Path | None) -> Typeface:
    """Return the typeface of a font file as it was read last, or the default one.

    Raises:
        UnreadableFont: The file was never read, and is missing or not a font.
    """
    known = _read.get(font)
    return read_typeface(font) if known is None else known[1]


def read_typeface(font: Path | None) -> Typeface:
    """Return the typeface of a font file, which is read again if it has been replaced; other labels then use it, too.

    Raises:
        UnreadableFont: The file is missing or not a font; what was read before stays.
    """
    from .faces import FontFile  # late: HarfBuzz and the fonts, which only a painted label needs
    from .fonts import default_font

    version = None if font is None else _version(font)
    known = _read.get(font)
    if known is None or known[0] != version:
        known = _read[font] = version, Typeface(default_font() if font is None else FontFile(font))
    return known[1]


def _version(font: Path) -> object:
    """Return what changes when a file is replaced or written anew; ``None`` without a file."""
    try:
        found = font.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def clean(text: str) -> str:
    """Return a label as one line without control characters and lone surrogates, safe for every renderer."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    text = " ".join("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text).split())
    return text if len(text) <= MAX_LETTERS else text[: MAX_LETTERS - 3] + "..."


def width_px(text: str, size: int, font: Path | None) -> int:
    """Return the width of a text in pixels."""
    return _width(text, size, typeface(font))


@lru_cache(maxsize=4096)
def _width(text: str, size: int, face: Typeface) -> int:
    return face.width(text, size)


def shortened(label: str, rest: str, room_px: int, size: int, font: Path | None) -> str:
    """Return ``label + rest``, with the label cut by an ellipsis if both together are wider than ``room_px``."""
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
    """Wrap a text into lines of at most ``room_px`` pixels; a word wider than a line is shortened."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_px(longer, size, font) <= room_px:
            lines[-1] = longer
        else:
            lines.append(shortened(word, "", room_px, size, font))
    return lines
