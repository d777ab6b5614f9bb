"""Watch files for changes: the configuration, and the files that it names."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from cameras import BackgroundThread
from pipeline import Stamp, stamp_of

logger = logging.getLogger(__name__)

LOOK_S = 2.0
"""How often to look where the system reports nothing: network file systems, and links that lead elsewhere."""
SETTLE_MS = 200
"""A file that changes is read when it has not changed for so long: a program may still be writing it."""
SETTLE_MAX_MS = 2000

Look = Callable[[Sequence[str], threading.Event], Iterator[object]]


class FileWatcher:
    """Calls a function when one of some files has changed, was replaced, removed or made.

    Args:
        files: Returns the files now; asked again after each change.
        on_change: Called on the watcher's thread; it is called again soon unless it returns true.
        stamps: Those of the files when they were read; default: when this object is made.
        look: Yields each time when the files may have changed, until the event is set; by default, from the system.
    """

    def __init__(
        self,
        files: Callable[[], Collection[Path]],
        on_change: Callable[[], bool],
        stamps: Mapping[Path, Stamp | None] | None = None,
        look: Look | None = None,
    ) -> None:
        self._files = files
        self._on_change = on_change
        self._look = look or _changes
        self._stopped = threading.Event()
        self._stamps = {**self._now(), **(stamps or {})}
        self._thread = BackgroundThread(self._watch, "files")

    def start(self) -> None:
        """Watch from now on. What changed since the stamps were taken counts, too."""
        self._thread.start()

    def stop(self) -> None:
        """End soon; a call of the function may still be under way."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                folders = self._folders()
                self._compare()
                for _ in self._look(folders, self._stopped):
                    self._compare()
                    if self._folders() != folders:
                        break
            except Exception as error:  # a folder has gone, the system watches no more, ...
                logger.debug("files are not watched by the system", exc_info=error)
                self._stopped.wait(LOOK_S)

    def _compare(self) -> None:
        now = self._now()
        if now == self._stamps or self._stopped.is_set():
            return
        if not self._on_change():
            return  # tried again at the next look
        # The function may have read another configuration, which names other files.
        self._stamps = {path: now.get(path, stamp) for path, stamp in self._now().items()}

    def _now(self) -> dict[Path, Stamp | None]:
        return {path: stamp_of(path) for path in self._files()}

    def _folders(self) -> Sequence[str]:
        """Return the existing folders of the files, and of those that links lead to."""
        paths = [path for file in self._files() for path in (os.path.abspath(file), os.path.realpath(file))]
        return sorted(filter(os.path.isdir, {os.path.dirname(path) for path in paths}))


def _changes(folders: Sequence[str], stopped: threading.Event) -> Iterator[object]:
    """Yield after each change in folders, and from time to time.

    Raises:
        OSError: A folder cannot be watched.
    """
    from watchfiles import watch  # late: not before the server listens

    yield from watch(
        *folders,
        watch_filter=None,
        debounce=SETTLE_MAX_MS,
        step=SETTLE_MS,
        stop_event=stopped,
        rust_timeout=round(1000 * LOOK_S),
        yield_on_timeout=True,
        raise_interrupt=False,
        recursive=False,
    )
