"""What a server and the process of a draft say to each other, over two sockets.

Over the one go messages: a head of JSON and a body of bytes, in both directions. Over the other go the frames of a
served camera to the process, which answers each with one byte when it has taken it: one is on its way at a time.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cameras import Frame, Matrix, Pixels

_SIZES = struct.Struct(">II")
_COUNT = struct.Struct(">I")
_SIZE = struct.Struct(">Q")
MOST_BYTES = 16_000_000
"""Most bytes of a head and of a body. A process that sends more is broken."""
TAKEN = b"\1"
"""The answer to a frame."""

Head = dict[str, Any]


class Malformed(Exception):
    """What came is not a message."""


def message(head: Head, body: bytes = b"") -> bytes:
    """Return a message as bytes."""
    encoded = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((_SIZES.pack(len(encoded), len(body)), encoded, body))


async def read_message(reader: asyncio.StreamReader) -> tuple[Head, bytes]:
    """Wait for the next message.

    Raises:
        EOFError: The other side has closed.
        Malformed: It sends something else.
    """
    sizes = _SIZES.unpack(await reader.readexactly(_SIZES.size))
    _check(sizes)
    return _head(await reader.readexactly(sizes[0])), await reader.readexactly(sizes[1])


def receive_message(channel: socket.socket) -> tuple[Head, bytes]:
    """Wait for the next message, on a thread.

    Raises:
        EOFError: The other side has closed.
        Malformed: It sends something else.
    """
    sizes = _SIZES.unpack(_received(channel, _SIZES.size))
    _check(sizes)
    return _head(_received(channel, sizes[0])), bytes(_received(channel, sizes[1]))


def _check(sizes: tuple[int, ...]) -> None:
    if max(sizes) > MOST_BYTES:
        raise Malformed(f"a message of {sum(sizes)} bytes")


def _head(encoded: bytes | bytearray) -> Head:
    try:
        head = json.loads(encoded)
    except ValueError:
        head = None
    if not isinstance(head, dict):
        raise Malformed("the head of a message is no JSON object")
    return head


@dataclass(frozen=True)
class _Parts:
    """A frame as it is pickled; its arrays travel beside it, uncopied.

    Attributes:
        arrays: The planes Y, U and V, or the one BGR picture.
        matrix: The conversion matrix of the planes; ``None`` for BGR.
        camera: The name of the camera.
        frame_rate: Frames per second of the camera; ``None`` if unknown.
        rest: The other attributes of the frame.
    """

    arrays: tuple[NDArray[np.uint8], ...]
    matrix: Matrix | None
    camera: str
    frame_rate: float | None
    rest: dict[str, Any]


_REST = (
    *("pts", "time_base", "captured_at", "capture_clock", "trace"),
    *("annotations", "new_result", "depth", "intrinsics", "distortion"),
)


def send_frame(channel: socket.socket, camera: str, frame: Frame, frame_rate: float | None) -> None:
    """Send a frame, in its native pixel format. Blocks.

    Args:
        channel: The socket to the process.
        camera: The name of its camera.
        frame: The frame.
        frame_rate: Frames per second of its camera; ``None`` if unknown.

    Raises:
        OSError: The process has ended.
    """
    pixels = frame.pixels
    arrays = tuple(pixels.yuv) if pixels.born_yuv else (pixels.bgr,)
    parts = _Parts(
        tuple(np.ascontiguousarray(array) for array in arrays),
        pixels.matrix if pixels.born_yuv else None,
        camera,
        frame_rate,
        {name: getattr(frame, name) for name in _REST},
    )
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(parts, protocol=5, buffer_callback=buffers.append)
    pieces = [memoryview(pickled), *(buffer.raw() for buffer in buffers)]
    channel.sendall(_COUNT.pack(len(pieces)) + b"".join(_SIZE.pack(piece.nbytes) for piece in pieces))
    for piece in pieces:
        channel.sendall(piece)


def receive_frame(channel: socket.socket) -> tuple[str, Frame, float | None]:
    """Wait for a frame; return the name of its camera, the frame, and the frames per second of that camera.

    For the process only: it trusts its server.

    Raises:
        EOFError: The server has closed.
    """
    (count,) = _COUNT.unpack(_received(channel, _COUNT.size))
    sizes = [_SIZE.unpack(_received(channel, _SIZE.size))[0] for _ in range(count)]
    pickled, *buffers = [_received(channel, size) for size in sizes]
    parts = pickle.loads(pickled, buffers=buffers)  # from the server that has started this process
    assert isinstance(parts, _Parts)
    if parts.matrix is None:
        pixels = Pixels.from_bgr(parts.arrays[0])
    else:
        y, u, v = parts.arrays
        pixels = Pixels.from_yuv(y, u, v, parts.matrix)
    return parts.camera, Frame(pixels, **parts.rest), parts.frame_rate


def _received(channel: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    done = 0
    while done < size:
        try:
            count = channel.recv_into(view[done:])
        except ConnectionError:
            count = 0
        if not count:
            raise EOFError
        done += count
    return data
