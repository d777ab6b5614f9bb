"""The camera that shows a picture file, or the pictures of a folder in turn."""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from .attributes import Attributes, LocalPath
from .base import Camera, CameraEnded, CameraError
from .picture import CAMERA_DECODERS, Depth, Frame, ImageError, Mark, Pixels, decode_depth, decode_image
from .timing import Pacer

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib"})

BYTES_MAX = 1_000_000_000
"""Largest file that is read; the largest decodable picture is smaller in any format."""

NO_FILE = "{path} is a pipe or a device; only a file can be shown"


class ImageFileAttributes(Attributes):
    """Attributes of ``model: image_file`` in the YAML."""

    path: LocalPath = Field(
        description="The picture, or a folder whose pictures are shown in the order of their names."
    )
    frame_rate: float = Field(1.0, gt=0, le=240, description="Pictures per second.")
    loop: bool = Field(True, description="Restart after the last picture.")
    depth: bool = Field(False, description="Read 16-bit gray PNGs as depth in millimetres.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for a missing file, or a folder without pictures."""
        if not self.path.exists():
            yield ("path",), f"no such file or folder: {self.path}"
        elif self.path.is_dir() and not pictures_in(self.path):
            yield ("path",), f"the folder {self.path} contains no pictures ({', '.join(sorted(SUFFIXES))})"
        elif not self.path.is_dir() and not self.path.is_file():
            yield ("path",), NO_FILE.format(path=self.path)


class ImageFile(Camera[ImageFileAttributes]):
    """A camera that returns still pictures at a fixed rate, upright by their EXIF orientation.

    * A folder is shown in natural order of the names (2 before 10) and listed again on each round. Undecodable pictures
      are skipped and counted; it is an error only if none can be decoded.
    * A single picture is decoded once, and again when the file changes. Its frames share their pixels, so inferences
      run once.
    * With ``depth``, a 16-bit gray PNG becomes the depth plane, and its gray rendition the picture, the farthest value
      white.

    Raises:
        CameraError: from ``open`` and ``read``, when no picture can be decoded.
        CameraEnded: from ``read``, after the last picture without ``loop``.
    """

    model_name: ClassVar[str] = "image_file"
    attributes_type: ClassVar[type[Attributes]] = ImageFileAttributes
    live: ClassVar[bool] = False

    def __init__(self, name: str, attributes: ImageFileAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._dropped = 0
        self._opened: _Opened | None = None

    @property
    def frame_rate(self) -> float | None:
        """Declared pictures per second."""
        return self.attributes.frame_rate

    @property
    def dropped(self) -> int:
        """Number of pictures that could not be decoded since ``open``."""
        return self._dropped

    def open(self) -> None:
        """List the pictures and decode the first."""
        self.close()
        self._dropped = 0
        opened = _Opened(self.attributes.frame_rate)
        opened.files = self._files()
        opened.ready = self._next(opened)
        self._opened = opened

    def read(self) -> Frame:
        """Wait until the next picture is due and return it."""
        opened = self._opened
        if opened is None:
            raise CameraError("closed")
        picture, opened.ready = opened.ready or self._next(opened), None
        if picture is None:
            if not self.attributes.loop:
                raise CameraEnded(f"{self.attributes.path} has ended")
            opened.files = self._files()
            picture = self._next(opened)
        assert picture is not None  # a new round returns a picture or raises
        pts, opened.pts = opened.pts, opened.pts + 1
        if self.paced:
            opened.pacer.wait(float(pts * opened.time_base))
            if opened.closing.is_set():
                raise CameraError("closed")
        mark = Mark("captured", time.monotonic())
        return Frame(picture.pixels, pts, opened.time_base, time.time(), depth=picture.depth, trace=(mark,))

    def close(self) -> None:
        """Close the camera; a waiting ``read`` raises at once."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.closing.set()

    def _files(self) -> list[Path]:
        path = self.attributes.path
        files = pictures_in(path) if path.is_dir() else [path]
        if not files:
            raise CameraError(f"the folder {path} contains no pictures", lasting=True)
        return files[::-1]

    def _next(self, opened: _Opened) -> _Picture | None:
        """Return the next decodable picture, or ``None`` at the end of a round that had any."""
        failures: list[CameraError] = []
        while opened.files:
            file = opened.files.pop()
            try:
                picture = self._picture(file, opened.last)
            except CameraError as error:
                failures.append(error)
                self._dropped += 1
                continue
            opened.last, opened.any_in_round = picture, True
            return picture
        if failures and not opened.any_in_round:
            more = f" (and {len(failures) - 1} more that cannot be read)" if len(failures) > 1 else ""
            raise CameraError(f"{failures[0]}{more}", lasting=all(error.lasting for error in failures))
        opened.any_in_round = False
        return None

    def _picture(self, file: Path, last: _Picture | None) -> _Picture:
        try:
            info = file.stat()
            if not stat.S_ISREG(info.st_mode):  # a pipe may block for ever, a device may never end
                raise CameraError(NO_FILE.format(path=file), lasting=True)
            if info.st_size > BYTES_MAX:
                message = f"{file} has {info.st_size} bytes; a picture can have at most {BYTES_MAX}"
                raise CameraError(message, lasting=True)
            version = (str(file), info.st_mtime_ns, info.st_size)
            if last is not None and last.version == version:
                return last
            data = file.read_bytes()
            limits, decoders = self.limits, CAMERA_DECODERS
            depth = decode_depth(data, limits=limits, decoders=decoders) if self.attributes.depth else None
            image = _rendition(depth) if depth is not None else decode_image(data, limits=limits, decoders=decoders)
        except FileNotFoundError:
            raise CameraError(f"no such file: {file}", lasting=True) from None
        except OSError as error:
            raise CameraError(f"{file} cannot be read: {error.strerror}", lasting=True) from error
        except ImageError as error:
            raise CameraError(f"{file}: {error}", lasting=not error.unavailable) from error
        if depth is not None:
            depth.flags.writeable = False
        return _Picture(version, Pixels.from_bgr(image), depth)


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files of a folder, by suffix, in natural order of their names."""
    files = (file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))
    return sorted(files, key=lambda file: (_natural(file.name), file.name))


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a sort key that orders numbers in names by their value."""
    parts = re.findall(r"[0-9]+|[^0-9]", name.casefold())
    return [("0", int(part)) if part[0] in "0123456789" else (part, 0) for part in parts]


def _rendition(depth: Depth) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    gray = (depth * (255.0 / max(int(depth.max()), 1))).astype(np.uint8)
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


@dataclass(frozen=True, slots=True)
class _Picture:
    version: tuple[str, int, int]
    pixels: Pixels
    depth: Depth | None


class _Opened:
    """The state between ``open`` and ``close``."""

    def __init__(self, frame_rate: float) -> None:
        self.closing = Event()
        self.pacer = Pacer(self.closing)
        self.time_base = 1 / Fraction(frame_rate).limit_denominator(1001)  # 30000/1001 is exact
        self.pts = 0
        self.files: list[Path] = []
        self.ready: _Picture | None = None
        self.last: _Picture | None = None
        self.any_in_round = False
