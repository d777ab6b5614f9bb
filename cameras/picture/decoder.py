"""Decoding of pictures in child processes, within limits of pixels, memory and time.

No decoder of pictures can be trusted to keep to what a header states, or to come to an end, and a call of one cannot be
interrupted. A process can be: it has a limit of memory, and is killed at its deadline.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..processes import Child, Deadline, DeadlineExceeded
from .formats import ImageError, map_slots, slots_file

MAX_PIXELS = 85_000_000
"""Most pixels of a picture by default; 85 megapixels take 255 MB."""
AT_ONCE = 4
"""Most processes for the pictures of requests; further pictures wait for one."""
CAMERAS_AT_ONCE = 2
"""Most processes for the pictures of cameras."""
KEPT_BYTES = 16_000_000
"""Memory of a process that is kept for the next picture; what a larger picture takes is given back at once."""
LARGE_PIXELS = KEPT_BYTES // 2
"""Pictures of requests with more pixels share the memory of one picture of the largest allowed size.

A pixel has at least two bytes, so none of them is in memory that is kept."""
START_S = 60.0
"""Limit for the start of a process; a small board takes a few seconds."""

_TYPES = ("uint8", "uint16")
_REPLY_BYTES = 10_000  # of a reply, which is a shape or a sentence
_SLOTS = 2
"""Pictures of a process that are decoded to where they are used: a camera has its newest one while it gets the next."""
_ALIGNMENT = 64
_REFERENCES = 2  # to an element that sys.getrefcount is called with: the list's and the argument

# The packages above import much that no decoder needs, so the process gets theirs as a package of its own.
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from formats.process import main; main(sys.argv[2:])"
_ENVIRONMENT = {
    # Each thread of these libraries would reserve address space; none of them decodes.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Keep up to 64 MB between pictures: getting a picture's memory from the system takes as long as decoding into it.
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "67108864",
}


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """Limits of one picture that comes from outside.

    Attributes:
        pixels: Most pixels.
        decode_s: Most CPU time to decode it, in seconds.
    """

    pixels: int = MAX_PIXELS
    decode_s: float = 10.0


class Decoder:
    """One process that decodes pictures. Used by one thread at a time.

    Args:
        max_pixels: Most pixels of the pictures that it will get. OpenCV's own limit and that of memory follow from it.

    Attributes:
        max_pixels: The same.
        is_new: Whether it has decoded nothing yet.

    Raises:
        ImageError: The process cannot be started; ``unavailable`` is set.
    """

    def __init__(self, max_pixels: int) -> None:
        self.max_pixels = max_pixels
        self.is_new = True
        self._slots: list[NDArray[np.uint8]] = []
        with contextlib.ExitStack() as started:
            try:
                self._memory = _memory_file()
                started.callback(os.close, self._memory)
                started.callback(self._slots.clear)
                self._channel, theirs = socket.socketpair()
                started.callback(self._channel.close)
                with theirs, _slots_file() as slots:
                    for file in slots:
                        self._slots += map_slots(file, KEPT_BYTES)
                    files = (theirs.fileno(), self._memory, *slots)
                    self._child = Child(
                        [
                            *(sys.executable, "-P", "-c", _MAIN, str(Path(__file__).parent)),
                            *map(str, (max_pixels, KEPT_BYTES, *files)),
                        ],
                        environment=os.environ | _ENVIRONMENT | {"OPENCV_IO_MAX_IMAGE_PIXELS": str(max_pixels)},
                        pass_fds=files,
                    )
                started.callback(self._child.close)
                self._replies = self._channel.makefile("rb")
                started.callback(self._replies.close)
                self._channel.settimeout(START_S)
                if not self._replies.readline():
                    raise OSError("it ends at once")
            except OSError as error:
                reason = error.strerror or str(error)
                message = f"the process that decodes pictures cannot be started: {reason}"
                raise ImageError(message, unavailable=True) from error
            self._resources = started.pop_all()

    def decode(self, data: bytes, *, within_s: float, **request: Any) -> NDArray[Any] | None:
        """Decode a picture; the arguments are those of :func:`formats.decode`.

        After an error other than ``ImageError``, close the decoder.

        Raises:
            ImageError: The picture cannot be decoded.
            NotReserved: It has more pixels than ``reserved``.
            DecoderEnded: The process has ended, before or during this call.
            DeadlineExceeded: The picture is not decoded in time.
        """
        deadline = Deadline(self._child, within_s)
        done = 0
        while done < len(data):
            done += os.pwrite(self._memory, memoryview(data)[done:], done)
        slot = self._free_slot()
        self._channel.settimeout(within_s)
        replied = select.poll()
        replied.register(self._channel, select.POLLIN)
        try:
            self._channel.sendall(json.dumps({"bytes": len(data), "slot": slot, **request}).encode() + b"\n")
            while not replied.poll(deadline.wait_s() * 1000):
                pass
            line = self._replies.readline(_REPLY_BYTES)
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            raise DecoderEnded
        reply = json.loads(line)
        try:
            if "error" in reply:
                raise ImageError(reply.pop("error"), **reply)
            if "pixels" in reply:
                raise NotReserved(reply["pixels"])
            if reply["shape"] is None:
                return None
            return self._pixels(reply["shape"], reply["dtype"], slot if reply["in_slot"] else None)
        finally:
            self.is_new = False
            if max(done, os.fstat(self._memory).st_size) > KEPT_BYTES:
                os.ftruncate(self._memory, 0)

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended by itself, as after a minute without a picture."""
        return self._child.process.poll() is not None

    def close(self) -> int | None:
        """End the process; return its exit code if it has ended, by itself or now."""
        self._resources.close()
        return self._child.process.returncode

    def _free_slot(self) -> int | None:
        """Return the number of a slot whose picture nobody has any more."""
        for number in range(len(self._slots)):
            if sys.getrefcount(self._slots[number]) <= _REFERENCES:
                return number
        return None

    def _pixels(self, shape: list[int], dtype: str, slot: int | None) -> NDArray[Any]:
        """Return the pixels that are in a slot, or a copy of those in the file."""
        if math.prod(shape[:2]) > self.max_pixels or shape[2:] not in ([], [3]) or dtype not in _TYPES:
            raise DecoderEnded  # a picture has taken it over
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if slot is None:
            pixels = self._copied(size)
        elif size <= KEPT_BYTES:
            pixels = self._slots[slot][:size]
        else:
            raise DecoderEnded
        return pixels.view(dtype).reshape(shape)

    def _copied(self, size: int) -> NDArray[np.uint8]:
        block = np.empty(size + _ALIGNMENT, np.uint8)
        # A large block of malloc begins 16 bytes into a page. Copying the start of a page to there, as the kernel does,
        # takes several times as long on some processors, such as AMD's since Zen 3.
        start = -block.ctypes.data % _ALIGNMENT
        pixels, done = block[start : start + size], 0
        while done < size:
            read = os.preadv(self._memory, [pixels.data[done:]], done)
            if not read:
                raise DecoderEnded
            done += read
        return pixels


class NotReserved(Exception):
    """A picture has more pixels than there is memory for.

    Attributes:
        pixels: Their number.
    """

    def __init__(self, pixels: int) -> None:
        super().__init__(pixels)
        self.pixels = pixels


class DecoderEnded(Exception):
    """The process of a decoder has ended, or cannot be used any more."""


class Decoders:
    """The decoders of this process, started when needed; each ends when it has not been used for a minute.

    Args:
        at_once: Most decoders.
        large_pixels: Pictures with more pixels share the memory of one of the largest allowed size; ``None``: none do.
    """

    def __init__(self, at_once: int = AT_ONCE, large_pixels: int | None = None) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._large_pixels = large_pixels
        self._in_use = _PixelsInUse()
        self._free: list[Decoder] = []
        atexit.register(self.close)

    def decode(self, data: bytes, limits: PictureLimits, *, exif: bool, depth: bool = False) -> NDArray[Any] | None:
        """Decode a picture within limits, as :func:`formats.decode` does.

        The pixels of a large picture count until the array is freed.

        Raises:
            ImageError: The picture cannot be decoded, or not within the limits, or not now.
        """
        reserved = limits.pixels if self._large_pixels is None else self._large_pixels
        try:
            return self._in_turn(data, limits, exif=exif, depth=depth, reserved=reserved)
        except NotReserved as large:
            pixels = large.pixels
        if not self._in_use.add(pixels, limits):
            raise ImageError("too many large pictures are in progress; try again shortly", unavailable=True)
        image = None
        try:
            image = self._in_turn(data, limits, exif=exif, depth=depth, reserved=pixels)
        finally:
            if image is None:
                self._in_use.remove(pixels)
            else:
                # Views of the picture, such as its rows, keep the block that it is in, not the array itself.
                weakref.finalize(_owner(image), self._in_use.remove, pixels).atexit = False
        return image

    def close(self) -> None:
        """End the processes that are not in use."""
        while self._free:
            self._free.pop().close()

    def _in_turn(self, data: bytes, limits: PictureLimits, **how: Any) -> NDArray[Any] | None:
        """Decode a picture when there is a decoder for it.

        Raises:
            ImageError: As :meth:`decode`.
            NotReserved: It has more pixels than reserved.
        """
        if not self._turns.acquire(timeout=limits.decode_s):
            raise ImageError("too many pictures are being decoded; try again shortly", unavailable=True)
        try:
            try:
                return self._decoded(self._taken(limits.pixels), data, limits, **how)
            except _Unused:
                return self._decoded(Decoder(limits.pixels), data, limits, **how)
        finally:
            self._turns.release()

    def _taken(self, max_pixels: int) -> Decoder:
        """Return a free decoder for pictures of that size, or a new one."""
        with contextlib.suppress(IndexError):
            while True:
                decoder = self._free.pop()
                if decoder.max_pixels == max_pixels and not decoder.has_ended:
                    return decoder
                decoder.close()
        return Decoder(max_pixels)

    def _decoded(self, decoder: Decoder, data: bytes, limits: PictureLimits, **how: Any) -> NDArray[Any] | None:
        try:
            image = decoder.decode(data, within_s=limits.decode_s, max_pixels=limits.pixels, **how)
        except TimeoutError as error:
            decoder.close()
            if isinstance(error, DeadlineExceeded) and error.busy:
                message = "this machine is too busy to decode the picture; try again shortly"
                raise ImageError(message, unavailable=True) from None
            raise ImageError(f"the picture takes more than {limits.decode_s:g} s to decode") from None
        except DecoderEnded:
            code = decoder.close()
            if code == 0 and not decoder.is_new:
                raise _Unused from None
            if code == -signal.SIGKILL:  # the kernel ends a process so when the memory of the machine is used up
                message = "the process that decodes pictures was killed; try again shortly"
                raise ImageError(message, unavailable=True) from None
            raise ImageError("the picture is damaged: it crashes its decoder") from None
        except (ImageError, NotReserved):
            self._free.append(decoder)
            raise
        except BaseException:
            decoder.close()
            raise
        self._free.append(decoder)
        return image


class _PixelsInUse:
    """The pixels of the large pictures in memory. Thread-safe."""

    def __init__(self) -> None:
        # Its lock is reentrant: the garbage collector may free a picture at any time, on any thread.
        self._changed = threading.Condition()
        self._count = 0

    def add(self, pixels: int, limits: PictureLimits) -> bool:
        """Wait until there is room for a picture, and count it; return whether there was in time."""

        def fits() -> bool:
            return not self._count or self._count + pixels <= limits.pixels

        with self._changed:
            if not self._changed.wait_for(fits, limits.decode_s):
                return False
            self._count += pixels
            return True

    def remove(self, pixels: int) -> None:
        """Count a picture no more."""
        with self._changed:
            self._count -= pixels
            self._changed.notify_all()


class _Unused(Exception):
    """The process had ended before, because it was not used."""


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array that owns the memory of an array."""
    return _owner(array.base) if isinstance(array.base, np.ndarray) else array


@contextlib.contextmanager
def _slots_file() -> Iterator[list[int]]:
    """Return the descriptor of a file for pixels, where there are such files, until both processes have mapped it."""
    file = slots_file(_SLOTS, KEPT_BYTES)
    try:
        yield [] if file is None else [file]
    finally:
        if file is not None:
            os.close(file)


def _memory_file() -> int:
    """Return the descriptor of a file without a name, in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("picture", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


DECODERS = Decoders(large_pixels=LARGE_PIXELS)
"""The decoders that the pictures of requests go through."""

CAMERA_DECODERS = Decoders(CAMERAS_AT_ONCE)
"""Those for the pictures of cameras: large pictures of requests must not hold up a camera, nor the reverse."""
