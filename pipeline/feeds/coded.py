"""Distribute the coded pictures of a feed, which its viewers may get undecoded, and keep the present group of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from cameras import CodedPicture


class CodedReader(Protocol):
    """Takes the coded pictures of a feed. All methods but ``begin`` are called on the thread of its source.

    None may block, and none is called under a lock of the graph but ``begin`` and ``ended``.
    """

    def begin(self, group: Sequence[CodedPicture]) -> None:
        """Take the group so far, from its key frame on; empty if there is none. Called once, at first."""

    def take(self, picture: CodedPicture) -> None:
        """Take the next picture; after an interruption it is a key frame."""

    def interrupted(self) -> None:
        """Note that a frame has come without its coded picture; called for each."""

    def ended(self) -> None:
        """Note that nothing comes any more: the camera was removed or became private. Called on any thread."""


class CodedWatch:
    """A subscription to the coded pictures of a camera: while it is open, the camera runs.

    Args:
        leave: Called once, by the first :meth:`close`.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._lock = threading.Lock()
        self._open = True

    def close(self) -> None:
        """Stop watching, from any thread. A second call does nothing."""
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._leave()


class CodedFanOut:
    """The present group of coded pictures, and who takes them. Safe from any thread.

    Attributes:
        passes: Whether the last picture came coded; ``None`` before the first one of a run.
    """

    def __init__(self) -> None:
        self.passes: bool | None = None
        self._lock = threading.Lock()
        self._readers: tuple[CodedReader, ...] = ()
        self._group: list[CodedPicture] = []
        self._closed = False

    @property
    def latest(self) -> CodedPicture | None:
        """The newest picture; ``None`` without a group."""
        group = self._group
        return group[-1] if group else None

    @property
    def key(self) -> CodedPicture | None:
        """The key frame of the present group."""
        group = self._group
        return group[0] if group else None

    @property
    def readers(self) -> int:
        """Number of those who take the pictures."""
        return len(self._readers)

    def attach(self, reader: CodedReader) -> None:
        """Give a reader the group so far and every later picture."""
        with self._lock:
            closed = self._closed
            reader.begin(tuple(self._group))
            if not closed:
                self._readers = (*self._readers, reader)
        if closed:
            reader.ended()

    def detach(self, reader: CodedReader) -> None:
        """Give a reader no more pictures."""
        with self._lock:
            self._readers = tuple(other for other in self._readers if other is not reader)

    def publish(self, picture: CodedPicture) -> None:
        """Give a picture to all readers."""
        with self._lock:
            if picture.is_key:
                self._group = [picture]
            elif self._group:
                self._group.append(picture)
            self.passes = True
            readers = self._readers
        for reader in readers:
            reader.take(picture)

    def interrupt(self) -> None:
        """Note that a frame has come without its coded picture."""
        if self.passes is not False:
            with self._lock:
                self.passes, self._group = False, []
        for reader in self._readers:
            reader.interrupted()

    def restart(self) -> None:
        """Forget the group: another run begins, or none."""
        with self._lock:
            self.passes, self._group = None, []

    def end(self, *, closing: bool = False) -> None:
        """End all readers; when ``closing``, those that come later too."""
        with self._lock:
            self._closed = self._closed or closing
            readers, self._readers = self._readers, ()
        for reader in readers:
            reader.ended()
