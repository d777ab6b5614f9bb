"""All sessions of a protocol: their limits, candidates, deadlines and ends. HTTP is the server's part."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pipeline import Feed

from ..viewing import Admission, Admissions, GraphView, NoConnection, UnknownCamera
from .candidates import PeerCandidates
from .connection import Connection
from .errors import EtagMismatch, IceRestart, InvalidSdp, UnknownSession
from .ice import ice_settings
from .internals import self_test
from .sdp import CANDIDATE, CREDENTIALS, Direction, Offer, read_offer, require_size
from .session import Session, SessionAnswer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deadlines:
    """Time limits for peers, in seconds.

    Attributes:
        connect_s: From the answer until the connection is up.
        silence_s: Without activity of a connected peer; browsers send something every second or two.
        check_s: Interval between two checks of all peers.
    """

    connect_s: float = 10.0
    silence_s: float = 8.5
    check_s: float = 1.0


S = TypeVar("S", bound=Session)


class Sessions(ABC, Generic[S]):
    """The sessions of one protocol, for all cameras. Create, use and close it in the event loop.

    A subclass adds the method that takes an offer: it admits the peer (:meth:`_admitted`), makes a connection
    (:meth:`_connect`), negotiates the video, and begins the session (:meth:`_begin`). Limits, candidates, deadlines and
    all the ways in which a session ends are here.
    """

    def __init__(
        self, graph: GraphView, *, deadlines: Deadlines | None = None, admissions: Admissions | None = None
    ) -> None:
        """Check the installed aiortc and keep the arguments.

        Args:
            graph: The cameras and their configuration.
            deadlines: Time limits for peers.
            admissions: Counts the peers, with all others who watch; by default these peers alone.

        Raises:
            UnsuitableLibrary: The installed aiortc cannot be used.
        """
        self_test()
        self._graph = graph
        self._deadlines = deadlines or Deadlines()
        self._sessions: dict[str, S] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchdog: asyncio.Task[None] | None = None
        self._closing = False
        self._admissions = admissions or Admissions(lambda: graph.config.server.limits)

    def require_place(self, camera: str, client: str) -> None:
        """Check that a peer may send an offer now, before the offer is read.

        Args:
            camera: The name of the camera.
            client: The key by which clients are counted, such as their address.

        Raises:
            NoConnection: The server is shutting down, or has as many peers as allowed.
            TooManyPeersOfAddress: It has as many of this client as allowed.
        """
        self._require_open()
        self._admissions.check(camera, client)

    async def patch(self, secret: str, body: str, if_match: str | None, *, camera: str | None = None) -> None:
        """Add the candidates of a trickle ICE fragment to a session; with ``camera``, only to one of that camera.

        Raises:
            SignallingError: UnknownSession, EtagMismatch, SdpTooLong, IceRestart, or InvalidSdp.
        """
        session = self._session(secret, camera)
        if if_match is not None and not {"*", session.etag} & {tag.strip() for tag in if_match.split(",")}:
            raise EtagMismatch("the session has another ETag")
        require_size(body, self._graph.config.server.limits.sdp_bytes, "the fragment")
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        if any(line[1:2] != "=" for line in lines):
            raise InvalidSdp("the body is not an SDP fragment")
        if any(line.startswith(CREDENTIALS) and line not in session.credentials for line in lines):
            raise IceRestart("ICE restarts are not supported; end the session and send a new offer")
        for line in lines:
            if line.startswith(CANDIDATE):
                await session.connection.add_candidate(line[len(CANDIDATE) :])

    async def delete(self, secret: str, *, camera: str | None = None) -> None:
        """End a session; with ``camera``, only one of that camera.

        Raises:
            UnknownSession: No such session exists.
        """
        session = self._session(secret, camera)
        del self._sessions[secret]
        await self._end(session)

    def end_when(self, secret: str, withdrawal: Callable[[], str]) -> None:
        """End a session within ``Deadlines.check_s`` of the moment when its peer may stay no longer.

        Args:
            secret: The secret name of the session; nothing happens for an unknown one.
            withdrawal: Returns why the peer may stay no longer; empty while it may.
        """
        session = self._sessions.get(secret)
        if session is not None:
            session.withdrawal = withdrawal

    async def wait_closed(self, secret: str) -> None:
        """Wait until a session has ended and its resources are released; return at once for an unknown session."""
        session = self._sessions.get(secret)
        if session is not None:
            await session.closed.wait()

    def sessions(self, camera: str) -> list[dict[str, Any]]:
        """Return the sessions of a camera as ``/api/cameras`` shows them, including those still connecting."""
        return [session.info() for session in self._sessions.values() if session.camera == camera]

    async def close(self) -> None:
        """End all sessions, within limits. Safe to call twice."""
        self._closing = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            await asyncio.gather(self._watchdog, return_exceptions=True)
            self._watchdog = None
        sessions = list(self._sessions.values())
        self._sessions.clear()
        await asyncio.gather(*(self._end(session) for session in sessions), return_exceptions=True)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _feed(self, name: str) -> Feed:
        """Return the feed of a camera that peers may use.

        Raises:
            UnknownCamera: No camera has that name, or it is private.
        """
        feed = self._graph.feeds.get(name)
        if feed is None or feed.config.private:
            raise UnknownCamera(f"there is no camera {name!r}")
        return feed

    @contextmanager
    def _admitted(self, camera: str, client: str) -> Iterator[Admission]:
        """Admit a peer for an offer; its place is given back if the block fails.

        Raises:
            NoConnection: As for :meth:`require_place`.
            TooManyPeersOfAddress: The same.
        """
        self._require_open()
        admission = self._admissions.admit(camera, client)
        try:
            yield admission
        except BaseException:
            admission.release()
            raise

    def _read_offer(self, sdp: str, direction: Direction) -> Offer:
        """Check an offer, within the limits of the configuration.

        Raises:
            SignallingError: SdpTooLong, InvalidSdp, or NothingInCommon.
        """
        server = self._graph.config.server
        candidates = PeerCandidates(ice_settings(server), server.limits.candidates)
        return read_offer(sdp, direction, candidates, server.limits.sdp_bytes)

    def _connect(self) -> Connection:
        """Return a connection for a new session. The caller closes it if it makes no session of it.

        Raises:
            NoConnection: The server is shutting down.
        """
        self._require_open()
        connection = Connection(
            ice_settings(self._graph.config.server), lambda state: self._on_state(connection, state)
        )
        return connection

    async def _begin(self, session: S) -> SessionAnswer:
        """Start a session, answer its offer, and add it to the table. A session that cannot begin is released.

        Raises:
            SignallingError: UnknownCamera, InvalidSdp, or NoConnection.
        """
        try:
            session.start()
            answer = await session.connection.answer()
            self._feed(session.camera)  # it may have become private, or have been removed, while the answer was made
            self._require_open()
            if not session.live:
                raise NoConnection("the server is shutting down")
        except BaseException:
            await self._end(session)
            raise
        self._sessions[session.secret] = session
        if self._watchdog is None:
            self._watchdog = asyncio.create_task(self._watch(), name=f"{session.role}s watchdog")
        return SessionAnswer(session.id, session.secret, session.etag, answer)

    def _drop(self, session: S, reason: str) -> None:
        """End a session that its peer did not end; nothing happens if it has not begun or has already ended."""
        if self._sessions.pop(session.secret, None) is not None:
            logger.info("camera %s: %s %s is dropped: %s", session.camera, session.role, session.id, reason)
            task = asyncio.create_task(self._end(session))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _session(self, secret: str, camera: str | None) -> S:
        session = self._sessions.get(secret)
        if session is None or camera not in (None, session.camera):
            raise UnknownSession("there is no such session")
        return session

    def _require_open(self) -> None:
        if self._closing:
            raise NoConnection("the server is shutting down")

    def _on_state(self, connection: Connection, state: str) -> None:
        if state == "connected":
            for session in self._of(connection):
                session.admission.connected()
        if state in ("failed", "closed"):
            reason = "the connection failed" if state == "failed" else "the connection was closed"
            for session in self._of(connection):
                self._drop(session, reason)

    def _of(self, connection: Connection) -> list[S]:
        return [session for session in self._sessions.values() if session.connection is connection]

    async def _end(self, session: S) -> None:
        session.release()
        try:
            await session.connection.close()
        finally:
            session.admission.release()
        session.closed.set()
        logger.info("camera %s: %s %s left", session.camera, session.role, session.id)

    async def _watch(self) -> None:
        """Drop sessions whose video or permission has ended, and peers that never connect or vanish.

        aiortc is late to notice these.
        """
        while True:
            await asyncio.sleep(self._deadlines.check_s)
            now = time.monotonic()
            for session in list(self._sessions.values()):
                if not session.live:
                    self._drop(session, "its video has ended")
                elif withdrawal := session.withdrawal():
                    self._drop(session, withdrawal)
                elif session.connection.state != "connected":
                    if now - session.began_at > self._deadlines.connect_s:
                        self._drop(session, "it did not connect in time")
                elif now - session.connection.active_at > self._deadlines.silence_s:
                    self._drop(session, "it stopped responding")
