"""The readers of live streams other than WebRTC: their places, what lists show of them, and their ends."""

from __future__ import annotations

import asyncio
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from pipeline import Config, Feed

from .admission import Admission, Admissions
from .errors import NoConnection, TooManyPeers, TooManyPeersOfAddress, UnknownCamera
from .traffic import TotalTraffic, Traffic

logger = logging.getLogger(__name__)

CHECK_S = 1.0
"""Interval between two checks of whether readers may stay."""

CHOICES_MAX = 8
"""Most choices of readers of a camera that cost an encoder each: a hundred sizes of its pictures would be as much work
as a hundred cameras."""
CHOICES_OF_ADDRESS_MAX = 6
"""Most of them that only one address has, so that it leaves some to all others."""


class GraphView(Protocol):
    """The cameras and the configuration of a graph, read for each reader because both may change."""

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """Every camera by name."""

    @property
    def config(self) -> Config:
        """The current configuration."""


class Reader(ABC):
    """One client that reads a live stream, from its admission until it leaves. All methods run in the event loop.

    Args:
        camera: The name of the camera.

    Attributes:
        kind: How it reads, as lists show it.
        camera: The name of the camera.
        id: Its public name; it grants no access.
        choice: What it has chosen that costs an encoder of its own, shared by all with the same choice; ``None`` if it
            takes what everybody gets.
    """

    kind: str
    choice: Hashable = None

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.id = secrets.token_hex(8)

    @property
    @abstractmethod
    def traffic(self) -> Traffic:
        """What was sent to it so far."""

    @abstractmethod
    def info(self) -> dict[str, Any]:
        """Return the reader as ``sessions`` in ``/api/cameras`` shows it, without ``id`` and ``kind``."""

    @abstractmethod
    def end(self, reason: str) -> None:
        """End its stream: it may not stay, its camera is gone, or the server closes. Safe to call twice.

        It leaves the table by itself, soon (:meth:`Readers.leave`).
        """


class Readers:
    """All readers of all cameras. Create, use and close it in the event loop.

    Args:
        graph: The cameras and their configuration.
        admissions: Counts the readers, with all others who watch.
        check_s: Interval between two checks of whether readers may stay.
    """

    def __init__(self, graph: GraphView, admissions: Admissions, check_s: float = CHECK_S) -> None:
        self._graph = graph
        self._admissions = admissions
        self._check_s = check_s
        self._places: dict[Reader, _Place] = {}
        self._traffic = TotalTraffic()
        self._left = asyncio.Event()
        self._watchdog: asyncio.Task[None] | None = None
        self._closing = False

    def feed(self, camera: str) -> Feed:
        """Return the feed of a camera that may be watched.

        Raises:
            NoConnection: The server is shutting down.
            UnknownCamera: No camera has that name, or it is private.
        """
        if self._closing:
            raise NoConnection("the server is shutting down")
        feed = self._graph.feeds.get(camera)
        if feed is None or feed.config.private:
            raise UnknownCamera(f"there is no camera {camera!r}")
        return feed

    def enter(self, reader: Reader, client: str, withdrawal: Callable[[], str] = lambda: "") -> None:
        """Give a reader a place, which it has until :meth:`leave`.

        Args:
            reader: The reader.
            client: The key by which clients are counted, such as their address.
            withdrawal: Returns why the reader may stay no longer; empty while it may. Asked again and again.

        Raises:
            ViewingError: UnknownCamera, NoConnection or TooManyPeersOfAddress.
        """
        self.feed(reader.camera)
        self._check_choice(reader, client)
        admission = self._admissions.admit(reader.camera, client)
        admission.connected()
        self._places[reader] = _Place(admission, client, withdrawal)
        if self._watchdog is None:
            self._watchdog = asyncio.create_task(self._watch(), name="readers watchdog")
        logger.info("camera %s: %s reader %s joined", reader.camera, reader.kind, reader.id)

    def leave(self, reader: Reader) -> None:
        """Take a reader out of the table. Safe to call twice."""
        place = self._places.pop(reader, None)
        if place is not None:
            self._traffic.leave(reader.camera, reader.kind, reader.traffic, self._graph.feeds)
            place.admission.release()
            self._left.set()
            logger.info("camera %s: %s reader %s left", reader.camera, reader.kind, reader.id)

    def sessions(self, camera: str) -> list[dict[str, Any]]:
        """Return the readers of a camera as ``/api/cameras`` shows them."""
        return [
            {"id": reader.id, "kind": reader.kind, **reader.info()}
            for reader in self._places
            if reader.camera == camera
        ]

    def traffic(self, camera: str) -> Mapping[str, Traffic]:
        """Return what was sent to all readers of a camera, also to those who have left, by kind."""
        present = (reader for reader in self._places if reader.camera == camera)
        return self._traffic.of(camera, ((reader.kind, reader.traffic) for reader in present))

    async def close(self, limit_s: float = 2.0) -> None:
        """End all readers, refuse new ones, and wait until they have left, within a limit. Safe to call twice."""
        self._closing = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            await asyncio.gather(self._watchdog, return_exceptions=True)
            self._watchdog = None
        for reader in list(self._places):
            self._end(reader, "the server is shutting down")
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while self._places:
                    self._left.clear()
                    await self._left.wait()

    def _check_choice(self, reader: Reader, client: str) -> None:
        if reader.choice is None:
            return
        others = [(each, place) for each, place in self._places.items() if each.camera == reader.camera]
        chosen = _choices(each for each, _ in others)
        if reader.choice in chosen:
            return
        foreign = _choices(each for each, place in others if place.client != client)
        if len(chosen - foreign) >= CHOICES_OF_ADDRESS_MAX:
            raise TooManyPeersOfAddress(_CHOSEN.format(reader.camera, CHOICES_OF_ADDRESS_MAX, " from one address"))
        if len(chosen) >= CHOICES_MAX:
            raise TooManyPeers(_CHOSEN.format(reader.camera, CHOICES_MAX, ""))

    async def _watch(self) -> None:
        """End readers who may stay no longer."""
        while True:
            await asyncio.sleep(self._check_s)
            for reader, place in list(self._places.items()):
                if reason := place.withdrawal():
                    logger.info("camera %s: %s reader %s is dropped: %s", reader.camera, reader.kind, reader.id, reason)
                    self._end(reader, reason)

    def _end(self, reader: Reader, reason: str) -> None:
        try:
            reader.end(reason)
        except Exception:  # the others must end all the same
            logger.exception("camera %s: %s reader %s cannot be ended", reader.camera, reader.kind, reader.id)


_CHOSEN = (
    "camera {} is read in {} different sizes, rates or qualities, the most at once{}; choose one of these, "
    "or leave them out"
)


def _choices(readers: Iterable[Reader]) -> set[Hashable]:
    return {reader.choice for reader in readers if reader.choice is not None}


class _Place(NamedTuple):
    admission: Admission
    client: str
    withdrawal: Callable[[], str]
