"""The process that decodes pictures: one request after the other, until it is not used any more.

Requests and replies are lines of JSON on a socket. The bytes of a picture are at the start of a file in memory that
both processes have open. Its pixels go to the slot of memory that the request names. If it names none, or if they do
not fit, they go to the start of the file. A picture with more pixels than the request has memory for is not decoded;
the reply says how many they are.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .decode import ImageError, decode
from .slots import map_slots

IDLE_S = 60.0
"""The process ends when it gets no request for so long."""
FIXED_BYTES = 256_000_000
BYTES_PER_PIXEL = 16
"""Address space that a picture may need, beside a fixed amount: its pixels in the file's form, decoded, and turned."""


def main(arguments: list[str]) -> None:
    """Serve the socket; exit with 0 when unused or when the other side is gone.

    Args:
        arguments: Most pixels; the bytes of a slot; the file descriptors of the socket, of the file, and of the slots
            if there are any.
    """
    max_pixels, slot_bytes, channel_fd, memory_fd, *slots_fd = map(int, arguments)
    slots = [slot for file in slots_fd for slot in map_slots(file, slot_bytes)]
    cv2.setNumThreads(1)
    _limit(max_pixels)
    channel = socket.socket(fileno=channel_fd)
    channel.settimeout(IDLE_S)
    with contextlib.suppress(OSError):
        channel.sendall(b"{}\n")  # ready
        for line in channel.makefile("rb"):
            channel.sendall(json.dumps(_answer(json.loads(line), memory_fd, slots)).encode() + b"\n")
    os._exit(0)  # with the socket still open: whoever sees its end can rely on this exit code


def _answer(request: dict[str, Any], memory_fd: int, slots: list[NDArray[np.uint8]]) -> dict[str, Any]:
    try:
        _limit_memory(None)
        data, reserved = _read(memory_fd, request.pop("bytes")), request.pop("reserved")
        slot = request.pop("slot")

        def before(pixels: int) -> None:
            if pixels > reserved:
                raise _Large(pixels)
            _limit_memory(pixels)

        image = decode(data, before=before, **request)
        if image is None:
            return {"shape": None}
        in_slot = slot is not None and image.nbytes <= len(slots[slot])
        if in_slot:
            np.copyto(slots[slot][: image.nbytes].view(image.dtype).reshape(image.shape), image)
        else:
            _write(memory_fd, image.reshape(-1).data.cast("B"))
    except _Large as large:
        return {"pixels": large.pixels}
    except MemoryError:
        return {"error": "too large: it needs too much memory to decode", "too_large": True}
    except ImageError as error:
        kinds = {"too_large": error.too_large, "unsupported_format": error.unsupported_format}
        return {"error": str(error), **kinds}
    return {"shape": image.shape, "dtype": image.dtype.name, "in_slot": in_slot}


def _read(memory_fd: int, size: int) -> bytes:
    data = os.pread(memory_fd, size, 0)
    while len(data) < size:  # the system reads at most 2 GB at once
        data += os.pread(memory_fd, size - len(data), len(data))
    return data


def _write(memory_fd: int, data: memoryview) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(memory_fd, data[done:], done)


class _Large(Exception):
    """The picture has more pixels than the request has memory for."""

    def __init__(self, pixels: int) -> None:
        super().__init__(pixels)
        self.pixels = pixels


def _limit(max_pixels: int) -> None:
    """Write no core file, and limit the memory to what a picture of that many pixels can need."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        most = _memory_for(max_pixels)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_memory(pixels: int | None) -> None:
    """Limit the memory to what one picture can need, below the limit of all; ``None`` is that limit again."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        soft = most if pixels is None else min(_memory_for(pixels), most)
        resource.setrlimit(resource.RLIMIT_AS, (soft, most))


def _memory_for(pixels: int) -> int:
    with open("/proc/self/statm", "rb") as file:
        used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return used + FIXED_BYTES + BYTES_PER_PIXEL * pixels


if __name__ == "__main__":
    main(sys.argv[1:])
