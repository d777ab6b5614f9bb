"""Masks of frames, at a resolution of their own."""

from __future__ import annotations

import base64
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""(height, width) uint8 over the whole frame: 0 outside, 255 inside. Its size is usually that of a model's output."""

Affine = NDArray[np.float64]
"""2x3 matrix from coordinates in the new frame to coordinates in the old one, both in fractions."""


def as_mask(members: NDArray[np.bool_]) -> Mask:
    """Return a boolean array as a mask, read-only."""
    mask = np.where(members, np.uint8(255), np.uint8(0))
    mask.flags.writeable = False
    return mask


def at_size(mask: Mask, width: int, height: int) -> Mask:
    """Return a mask resized to a picture, by nearest neighbour at pixel centres."""
    return cast(Mask, cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT))


def share_inside(mask: Mask, width: int, height: int) -> float:
    """Return the share of set pixels that :func:`at_size` would have, without resizing.

    Resizing to a similar or smaller size repeats some rows and columns more often than others.
    """
    rows, columns = _taken(mask.shape[0], height), _taken(mask.shape[1], width)
    return float(rows @ (mask > 0) @ columns) / (width * height)


def mask_png(mask: Mask, width_px: int, height_px: int) -> str:
    """Return a mask as a gray PNG of a picture's size, in base64."""
    done, png = cv2.imencode(".png", at_size(mask, width_px, height_px))
    assert done
    return base64.b64encode(png.tobytes()).decode("ascii")


def _taken(old: int, new: int) -> NDArray[np.int64]:
    """Return how often resizing uses each of the old rows or columns."""
    numbers = np.arange(old, dtype=np.float32)[np.newaxis]
    taken = cv2.resize(numbers, (new, 1), interpolation=cv2.INTER_NEAREST_EXACT)[0]
    return np.bincount(taken.astype(np.int64), minlength=old)


def warped(mask: Mask, inverse: Affine, width: int, height: int) -> Mask:
    """Return a mask under an affine transform, at a given size, read-only; pixels from outside the frame are 0.

    Nearest neighbour at pixel centres, so a shift by whole pixels is exact.
    """
    old_height, old_width = mask.shape
    # Indices of the new mask to fractions of the new frame, to fractions of the old one, to indices of the old mask.
    to_fractions = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    to_indices = np.array([[old_width, 0, -0.5], [0, old_height, -0.5]])
    matrix = to_indices @ np.vstack([inverse, [0, 0, 1]]) @ to_fractions
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    moved = cast(Mask, cv2.warpAffine(mask, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT))
    moved.flags.writeable = False
    return moved
