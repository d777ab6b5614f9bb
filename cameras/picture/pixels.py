"""The picture of a frame in several pixel formats, each converted at most once, shared and immutable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..threads import CallTimeout, waiting

T = TypeVar("T")
Image = NDArray[np.uint8]

_BRIEF_S = 0.001  # of a wait for another thread that converts a picture: not worth a change of threads
_LOOK_S = 0.5  # interval at which is asked whether what is awaited is stuck


class Matrix(StrEnum):
    """The conversion matrix between YUV and RGB; the range is always limited (16 to 235)."""

    BT601 = "bt601"
    BT709 = "bt709"


class Yuv(NamedTuple):
    """The planes of a YUV 4:2:0 picture: ``y`` (height, width), ``u`` and ``v`` half that in both directions, uint8."""

    y: Image
    u: Image
    v: Image


def _to_rgb(kr: float, kb: float) -> NDArray[np.float64]:
    """Return the 3x4 matrix from limited-range (Y, U, V, 1) to (R, G, B), for luma weights as in BT.601."""
    kg = 1.0 - kr - kb
    luma, chroma = 255 / 219, 255 / 224
    red_v, blue_u = 2 * (1 - kr) * chroma, 2 * (1 - kb) * chroma
    matrix = np.array([[luma, 0, red_v], [luma, -blue_u * kb / kg, -red_v * kr / kg], [luma, blue_u, 0]])
    return np.column_stack([matrix, -matrix @ np.array([16.0, 128.0, 128.0])])


_RGB_FROM_YUV = {Matrix.BT601: _to_rgb(0.299, 0.114), Matrix.BT709: _to_rgb(0.2126, 0.0722)}
_BGR_FROM_YUV = {matrix: np.ascontiguousarray(rows[::-1]) for matrix, rows in _RGB_FROM_YUV.items()}


def yuv_from_rgb(red: int, green: int, blue: int, matrix: Matrix) -> tuple[int, int, int]:
    """Convert a colour (0 to 255 each) to limited-range ``(y, u, v)``."""
    full = _RGB_FROM_YUV[matrix]
    y, u, v = np.linalg.solve(full[:, :3], np.array([red, green, blue]) - full[:, 3]).round().clip(0, 255)
    return int(y), int(u), int(v)


class _Cell:
    """A cached value; concurrent requests wait for its computation."""

    __slots__ = ("lock", "made", "value")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made = False
        self.value: Any = None


class Pixels:
    """A picture with a native pixel format, converted to others on demand, each at most once.

    All arrays are shared and read-only. Thread-safe. Width and height are the true size of the picture, which may be
    odd; only :attr:`yuv` is padded.
    """

    def __init__(
        self, width: int, height: int, matrix: Matrix, *, bgr: Image | None = None, yuv: Yuv | None = None
    ) -> None:
        self.width = width
        self.height = height
        self.matrix = matrix
        self.born_yuv = yuv is not None
        self._lock = threading.Lock()
        self._cells: dict[Hashable, _Cell] = {}
        self._bgr = bgr
        self._yuv = yuv

    @classmethod
    def from_bgr(cls, image: Image) -> Pixels:
        """Take ownership of a BGR picture, (height, width, 3) uint8; it becomes read-only and must not change again.

        Raises:
            ValueError: when the array has another shape or type, or is empty.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(
                f"a picture must be an array (height, width, 3) of uint8, got {image.shape} of {image.dtype}"
            )
        image = np.ascontiguousarray(image)
        image.flags.writeable = False
        return cls(image.shape[1], image.shape[0], Matrix.BT601, bgr=image)

    @classmethod
    def from_yuv(cls, y: Image, u: Image, v: Image, matrix: Matrix) -> Pixels:
        """Take ownership of the planes of a limited-range YUV 4:2:0 picture of even size; the planes may be views.

        Raises:
            ValueError: when the size is odd or the sizes of the planes do not match.
        """
        height, width = y.shape
        half = (height // 2, width // 2)
        if height % 2 or width % 2 or 0 in y.shape or u.shape != half or v.shape != half:
            raise ValueError(
                f"the Y plane must have an even size, U and V half of it, got {y.shape}, {u.shape}, {v.shape}"
            )
        for plane in (y, u, v):
            plane.flags.writeable = False
        return cls(width, height, matrix, yuv=Yuv(y, u, v))

    def memo(self, key: Hashable, make: Callable[[], T], is_stuck: Callable[[], bool] | None = None) -> T:
        """Return the cached value of ``key`` for this picture, calling ``make`` for the first request.

        Concurrent requests for the same key wait for that call; other keys do not. If ``make`` raises, so does this,
        and the next request calls it again.

        Args:
            key: What the value is.
            make: Computes it.
            is_stuck: Asked now and then while the call of another request is awaited.

        Raises:
            CallTimeout: when it has returned true.
        """
        with self._lock:
            cell = self._cells.setdefault(key, _Cell())
        if not cell.lock.acquire(timeout=_BRIEF_S):
            with waiting():  # for another thread, which may run a model
                while not cell.lock.acquire(timeout=-1 if is_stuck is None else _LOOK_S):
                    if is_stuck is not None and is_stuck():
                        raise CallTimeout(refused=True)
        try:
            if not cell.made:
                cell.value = make()
                cell.made = True
            return cast(T, cell.value)
        finally:
            cell.lock.release()

    @property
    def bgr(self) -> Image:
        """The picture as (height, width, 3) uint8 BGR, read-only."""
        return self._bgr if self._bgr is not None else self.memo("bgr", self._make_bgr)

    @property
    def yuv(self) -> Yuv:
        """The picture as limited-range YUV 4:2:0 planes in :attr:`matrix`, read-only.

        An odd width or height is padded to even by repeating the last column or row.
        """
        return self._yuv if self._yuv is not None else self.memo("yuv", self._make_yuv)

    def rgb(self, width_px: int, height_px: int) -> Image:
        """Return the picture resized as (height_px, width_px, 3) uint8 RGB, read-only, for a model's input.

        Bilinear. A YUV picture is resized plane by plane before its colours are converted, a third of the work.
        """
        return self.memo(("rgb", width_px, height_px), lambda: self._make_rgb(width_px, height_px))

    def _make_rgb(self, width_px: int, height_px: int) -> Image:
        size = (width_px, height_px)
        if self._yuv is not None:
            planes = [cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in self._yuv]
            rgb = cv2.transform(cv2.merge(planes), _RGB_FROM_YUV[self.matrix])
        else:
            rgb = cv2.cvtColor(cv2.resize(self.bgr, size, interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
        return _read_only(rgb)

    def _make_bgr(self) -> Image:
        assert self._yuv is not None
        if self.matrix is Matrix.BT601:
            stacked = np.concatenate([plane.reshape(-1) for plane in self._yuv]).reshape(
                self.height * 3 // 2, self.width
            )
            return _read_only(cv2.cvtColor(stacked, cv2.COLOR_YUV2BGR_I420))
        # OpenCV supports no other matrix for 4:2:0: resize the planes to one size and multiply.
        size = (self.width, self.height)
        colour = [cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in self._yuv[1:]]
        return _read_only(cv2.transform(cv2.merge([self._yuv.y, *colour]), _BGR_FROM_YUV[self.matrix]))

    def _make_yuv(self) -> Yuv:
        height, width = self.height + self.height % 2, self.width + self.width % 2
        image = self.bgr
        if (height, width) != image.shape[:2]:
            image = cast(
                Image, cv2.copyMakeBorder(image, 0, height - self.height, 0, width - self.width, cv2.BORDER_REPLICATE)
            )
        flat = _read_only(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)).reshape(-1)
        size, half = height * width, (height // 2, width // 2)
        quarter = size // 4
        return Yuv(
            flat[:size].reshape(height, width),
            flat[size : size + quarter].reshape(half),
            flat[size + quarter :].reshape(half),
        )


def _read_only(array: Any) -> Image:
    image = cast(Image, array)
    image.flags.writeable = False
    return image
