"""The drafts of a server: cameras of texts that are not saved, each in a process of its own while somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from cameras import safe_text
from pipeline import Config, ConfigError, Feed, Problem

from ..core import Backend, Caller, NotFound, TooManyRequests, on_thread
from .channel import Head
from .modules import modules_of
from .part import Part, part_of
from .process import COMMAND, DraftProcess, ProcessLimits

MOST = 4
"""Most drafts at once."""
ENDS_AFTER_S = 15.0
"""How long after its last request a draft ends."""
PICTURES_FOR_S = 6.0
"""How long after the last request for a picture the draft's camera runs."""
SPOILED_AFTER_S = 5.0
"""How long a process may give no picture before the next text gets a new one."""
WAITS_AFTER_S = 2.0
"""How long a camera may give no picture before its draft says that it waits."""
LOOK_S = 0.5
"""Interval between two looks at the limits."""


class Picture(NamedTuple):
    """A picture of a draft.

    Attributes:
        number: Its number, from 1, increasing.
        jpeg: The picture.
        captured_at: When its frame was captured, as RFC 3339 text.
    """

    number: int
    jpeg: bytes
    captured_at: str


class Draft:
    """One draft. Use it in the event loop.

    Attributes:
        id: Its identifier, which cannot be guessed.
        owner: The name of the token that has made it.
    """

    def __init__(self, drafts: Drafts, owner: str) -> None:
        self.id = secrets.token_urlsafe(16)
        self.owner = owner
        self._drafts = drafts
        self._changing = asyncio.Lock()
        self._requests = 0
        self._asked_at_s = drafts.clock()
        self._pictures_asked = 0
        self._picture_asked_at_s: float | None = None
        self._number = self._first_number = 0
        self._changed_at_s = drafts.clock()
        self._part: Part | None = None
        self._process: DraftProcess | None = self._new_process()
        self._failed: str | None = None
        self._report: Head = {}
        self._shown: Head = {}
        self._picture = Picture(0, b"", "")
        self._changed = asyncio.Event()
        self._watching = self._closed = False

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Keep the draft during a request."""
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1
            self._asked_at_s = self._drafts.clock()

    @property
    def over(self) -> bool:
        """Whether its last request was long ago."""
        return not self._requests and self._drafts.clock() - self._asked_at_s >= ENDS_AFTER_S

    async def change(self, text: str, camera: str, caller: Caller) -> Sequence[Problem]:
        """Run a camera of a text from now on, or return what is wrong; then what ran before goes on.

        Raises:
            Forbidden: The caller may not use the source of the camera.
            NotFound: The draft has ended meanwhile.
        """
        async with self._changing:
            graph = self._drafts.backend.graph

            def read() -> tuple[Part, bytes]:
                part = part_of(self._drafts.read(text), camera, graph, caller)
                return part, part.pickled()

            try:
                part, pickled = await on_thread("draft", read)
            except ConfigError as error:
                return error.problems
            if self._closed:
                raise NotFound("the draft has ended")
            if self._is_spoiled:
                assert self._process is not None
                self._drafts.close_later(self._process)
                self._process = None
            if self._process is None:
                self._failed, self._report = None, {}
                self._process = self._new_process()
            self._number += 1
            self._changed_at_s = self._drafts.clock()
            if camera != self.camera:  # its pictures follow; those of the other one end here
                self._first_number = self._number
                self._shown, self._picture = {}, Picture(self._picture.number, b"", "")
            self._part = part
            modules = list(modules_of(part.config.tables))
            head = {"type": "configure", "number": self._number, "camera": camera, "modules": modules}
            self._process.send(head, pickled)
            self._watch()
            return ()

    @property
    def _is_spoiled(self) -> bool:
        """Whether what ran last may have left something in the process: threads that never end, or no memory.

        A text that was refused has left nothing: what ran before goes on.
        """
        if self._process is None or not self._watching or self._report.get("number") != self._number:
            return False
        if self._report["error"] is not None:
            return not self._report["refused"]
        return self._drafts.clock() - self._shown_at_s > SPOILED_AFTER_S

    @property
    def camera(self) -> str | None:
        """The camera of the text that it runs; ``None`` before the first text."""
        return None if self._part is None else self._part.camera

    @property
    def source(self) -> Feed | None:
        """The served camera whose frames it takes; ``None`` without one."""
        return None if self._part is None else self._part.source

    def info(self) -> dict[str, Any]:
        """Return its state as JSON."""
        source, error = self.source, self._failed or self._report.get("error")
        if error is None and source is not None:
            error = self._source_error(source)
        current = self._report.get("number") == self._number > 0
        state = "failed" if self._failed else "running" if current and (self._shown or error) else "starting"
        return {
            "state": state,
            "camera": self.camera,
            "source": None if source is None else source.name,
            "error": None if error is None else safe_text(error),
            "waits_for": self._waits_for if state == "starting" and current else None,
            "width_px": self._shown.get("width_px"),
            "height_px": self._shown.get("height_px"),
            "frame_rate": self._report.get("frame_rate"),
            "predictions": self._shown.get("predictions", []),
        }

    @property
    def _waits_for(self) -> str | None:
        """What has not come yet, and how long it may take; ``None`` in the first seconds."""
        if self._part is None or self._drafts.clock() - self._changed_at_s < WAITS_AFTER_S:
            return None
        limit_s = self._part.open_limit_s
        return "the first picture" + ("" if limit_s is None else f"; the host has {limit_s:g} s to answer")

    def _source_error(self, source: Feed) -> str | None:
        backend = self._drafts.backend
        if backend.graph.feeds.get(source.name) is not source:
            return f"camera {source.name} is no longer served"
        error = backend.error_of(source)
        return None if error is None else f"source {source.name}: {error}"

    async def picture(self, after: int, within_s: float) -> Picture | None:
        """Wait for a picture that is newer than the one of a number; ``None`` if none comes in time.

        Args:
            after: The number; 0 for any picture.
            within_s: How long to wait.
        """
        self._pictures_asked += 1
        self._watch()
        try:
            async with asyncio.timeout(within_s):
                process = self._process
                while not self._picture.jpeg or self._picture.number <= after:
                    if self._closed or (self._process is None and process is not None):  # it has just failed or ended
                        return None
                    await self._changed.wait()
        except TimeoutError:
            return None
        finally:
            self._pictures_asked -= 1
            self._picture_asked_at_s = self._drafts.clock()
        return self._picture

    def look(self) -> None:
        """Stop what nobody looks at, and what is over a limit."""
        self._watch()
        if self._process is not None:
            self._process.look()

    async def close(self) -> None:
        """End the draft."""
        self._closed = True
        process, self._process = self._process, None
        self._end("the draft has ended")
        if process is not None:
            await process.close()

    def _new_process(self) -> DraftProcess:
        drafts = self._drafts
        self._watching, self._shown_at_s = False, drafts.clock()
        return DraftProcess(self._take, self._end, drafts.limits, drafts.command, drafts.clock)

    def _watch(self) -> None:
        """Run the camera while somebody asks for pictures."""
        asked_at_s = self._picture_asked_at_s
        recently = asked_at_s is not None and self._drafts.clock() - asked_at_s < PICTURES_FOR_S
        wanted = self._pictures_asked > 0 or recently
        process = self._process
        if process is None or self._part is None:
            return
        if wanted is not self._watching:
            self._watching, self._shown_at_s = wanted, self._drafts.clock()
            process.send({"type": "watch", "on": wanted})
        process.feed(self._part.source if wanted and self._part.is_allowed else None)

    def _take(self, report: Head, picture: bytes) -> None:
        """Take a report of the process."""
        self._report = report
        if picture and report["number"] >= self._first_number:
            self._shown, self._shown_at_s = report, self._drafts.clock()
            self._picture = Picture(self._picture.number + 1, picture, report["captured_at"])
            self._wake()

    def _end(self, why: str) -> None:
        self._process = None
        self._failed = why
        self._report, self._shown = {}, {}
        self._wake()

    def _wake(self) -> None:
        """Let the requests go on that wait for a picture."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Drafts:
    """All drafts of a server. Use it in the event loop.

    Args:
        backend: The cameras that are served.
        read: Returns what a text says as this server would serve it, without running plugin files; raises
            ``ConfigError``. Called on a thread.
        clock: Returns the seconds of a clock that never jumps.
        command: Starts the process of a draft.
        limits: The limits of each process.
    """

    def __init__(
        self,
        backend: Backend,
        read: Callable[[str], Config],
        *,
        clock: Callable[[], float] = time.monotonic,
        command: Sequence[str] = COMMAND,
        limits: ProcessLimits = ProcessLimits(),  # noqa: B008  # it is immutable
    ) -> None:
        self.backend = backend
        self.read = read
        self.clock = clock
        self.command = command
        self.limits = limits
        self._drafts: dict[str, Draft] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def create(self, caller: Caller) -> Draft:
        """Start a draft without a text.

        Raises:
            TooManyRequests: ``MOST`` run already.
        """
        if len(self._drafts) >= MOST or self._closed:
            raise TooManyRequests(
                f"{MOST} drafts run already; each ends {ENDS_AFTER_S:g} s after its page was closed",
                round(ENDS_AFTER_S),
            )
        draft = Draft(self, caller.name)
        self._drafts[draft.id] = draft
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_often(), name="drafts")
        return draft

    def get(self, id: str, caller: Caller) -> Draft:
        """Return a draft.

        Raises:
            NotFound: It has ended, or another token has made it.
        """
        draft = self._drafts.get(id)
        if draft is None or draft.owner != caller.name:
            raise NotFound("there is no such draft; it may have ended, since nobody has asked for it for a while")
        return draft

    def end(self, draft: Draft) -> None:
        """End a draft, without waiting for its process."""
        if self._drafts.pop(draft.id, None) is not None:
            self.close_later(draft)

    def close_later(self, what: Draft | DraftProcess) -> None:
        """Close a draft, or a process of one, without waiting for it."""
        ending = asyncio.create_task(what.close(), name="draft end")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def look(self) -> None:
        """End the drafts that nobody asks for, and stop what is over a limit."""
        for draft in tuple(self._drafts.values()):
            if draft.over:
                self.end(draft)
            else:
                draft.look()

    async def close(self) -> None:
        """End all drafts, and wait for their processes."""
        self._closed = True
        for draft in tuple(self._drafts.values()):
            self.end(draft)
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        await asyncio.gather(*self._ending)

    async def _look_often(self) -> None:
        while self._drafts:
            await asyncio.sleep(LOOK_S)
            self.look()
        self._looking = None
