"""Pictures, depth maps and point clouds in the formats of Viam's clients."""

from __future__ import annotations

import struct
import time
from fractions import Fraction

import numpy as np

from cameras import Depth, Frame, Pixels
from pipeline import LimitsConfig

from ..core import Unreadable, decode, too_large

JPEG, RAW_DEPTH, PCD = "image/jpeg", "image/vnd.viam.dep", "pointcloud/pcd"

_RGBA = b"RGBA"


def sent_frame(data: bytes, limits: LimitsConfig) -> Frame:
    """Return a client's picture as a frame.

    The format is detected from the bytes, because clients always declare JPEG. The EXIF orientation is ignored, because
    clients draw the boxes without applying it.

    Args:
        data: The bytes of the picture.
        limits: Limits of its bytes and pixels, and of the time to decode it.

    Raises:
        TooLarge: The picture has too many bytes or pixels.
        UnsupportedMedia: The bytes are not a picture.
        Unreadable: The picture cannot be decoded.
    """
    if len(data) > limits.picture_bytes:
        raise too_large("a picture", limits.picture_bytes)
    if data.startswith(_RGBA):
        return Frame(_raw(data), 0, Fraction(1, 90_000), time.time())
    return decode(data, exif=False, limits=limits.pictures)


def _raw(data: bytes) -> Pixels:
    """Return the pixels after Viam's raw header: ``RGBA``, width, height."""
    width, height = struct.unpack_from(">II", data, len(_RGBA)) if len(data) >= 12 else (0, 0)
    if not width or not height or len(data) != 12 + width * height * 4:
        raise Unreadable("a raw picture whose header does not fit its size")
    rgba = np.frombuffer(data, np.uint8, offset=12).reshape(height, width, 4)
    return Pixels.from_bgr(np.ascontiguousarray(rgba[:, :, 2::-1]))


def raw_depth(depth: Depth) -> bytes:
    """Return depth in Viam's format: a magic number, width, height, then millimetres row by row, all big-endian."""
    height, width = depth.shape
    return b"DEPTHMAP" + struct.pack(">QQ", width, height) + depth.astype(">u2").tobytes()


def point_cloud(frame: Frame) -> bytes | None:
    """Return a frame with depth as a point cloud in metres with colours, as binary PCD.

    Return ``None`` if the frame has no depth or no intrinsics.
    """
    lens, depth = frame.intrinsics, frame.depth
    if depth is None or lens is None or not lens.fx or not lens.fy:
        return None
    rows, columns = np.nonzero(depth)
    metres = depth[rows, columns].astype(np.float32) / 1000
    colors = frame.image[rows, columns].astype(np.uint32)
    points = np.empty(len(rows), np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("rgb", "<u4")]))
    points["x"] = (columns - lens.ppx) / lens.fx * metres
    points["y"] = (rows - lens.ppy) / lens.fy * metres
    points["z"] = metres
    points["rgb"] = colors[:, 2] << 16 | colors[:, 1] << 8 | colors[:, 0]
    header = (
        "VERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F I\nCOUNT 1 1 1 1\n"
        f"WIDTH {len(points)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(points)}\nDATA binary\n"
    )
    return header.encode() + points.tobytes()
