"""The answers to RTSP requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cameras import safe_text
from streams import (
    RTSP_TRACK,
    MediaPorts,
    NoConnection,
    RtspError,
    RtspPacket,
    RtspRequest,
    RtspSession,
    RtspSessions,
    RtspUrl,
    RtspVideo,
    TooManyPeersOfAddress,
    UnknownCamera,
    ViewingError,
    rtsp_answer,
    rtsp_description,
    rtsp_transport,
    rtsp_url,
)

from ..core import (
    Backend,
    Caller,
    Forbidden,
    NotFound,
    RequestError,
    TooManyRequests,
    Unavailable,
    begin,
    client_of,
    set_caller,
)
from .access import RtspAccess

HOLD_S = 10.0
"""How long a stream goes on that was described and is not played."""

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_NOT_HERE = frozenset({"ANNOUNCE", "RECORD", "REDIRECT"})
_PARAMETERS = "text/parameters"
_SDP = "application/sdp"
_SDP_TYPES = frozenset({_SDP, "application/*", "*/*"})

STATUS: Mapping[type[RequestError | ViewingError], int] = {
    Forbidden: 403,
    NotFound: 404,
    UnknownCamera: 404,
    TooManyRequests: 503,
    TooManyPeersOfAddress: 503,
    NoConnection: 503,
    Unavailable: 503,
}
"""The RTSP status of each error; RTSP has none for clients that ask too often."""


@dataclass
class Client:
    """What the service keeps of a connection.

    Attributes:
        address: The client's end of the connection.
        local: The server's end.
        write: Sends bytes.
        unsent: Returns how many bytes are not sent yet.
        hang_up: Closes the connection.
        caller: Who sent its requests; ``None`` before one was admitted.
        sessions: Its sessions by their identifiers.
        video: The video that was described and has no session yet.
        hold: Ends that if it is not played.
    """

    address: tuple[Any, ...]
    local: tuple[Any, ...]
    write: Callable[[bytes], object]
    unsent: Callable[[], int]
    hang_up: Callable[[], object]
    caller: Caller | None = None
    sessions: dict[str, RtspSession] = field(default_factory=dict)
    video: RtspVideo | None = None
    hold: asyncio.TimerHandle | None = None

    @property
    def host(self) -> str:
        """The address of the client, without its port."""
        return str(self.address[0])

    def release_video(self) -> RtspVideo | None:
        """Return the video that was described, which then is the caller's; ``None`` without one."""
        if self.hold is not None:
            self.hold.cancel()
        video, self.video, self.hold = self.video, None, None
        return video

    def drop_video(self) -> None:
        """End the video that was described and is not played."""
        video = self.release_video()
        if video is not None:
            video.close()


@dataclass(frozen=True)
class Reply:
    """What a request is answered with.

    Attributes:
        headers: Headers.
        body: The body.
        then: Called once the answer is on its way.
    """

    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    then: Callable[[], object] | None = None


class RtspService:
    """Answers the requests of all connections. Create, use and close it in the event loop.

    A description waits for the first key frame, and keeps the stream running until it is played: its parameter sets
    are what players begin with, and the picture comes at once.

    A client sends its token with DESCRIBE or SETUP. Nothing else needs one: a session has an identifier that nobody
    can guess and serves one address, and some clients repeat their token wrongly or not at all.

    Args:
        backend: The cameras, readers and tokens.
        ports: The UDP ports; ``None`` for TCP only.
    """

    def __init__(self, backend: Backend, ports: MediaPorts | None) -> None:
        self._backend = backend
        self._sessions = RtspSessions(backend.readers, backend.encoders, ports)
        self._access = RtspAccess(backend.tokens)
        self._methods: Mapping[str, Callable[[RtspRequest, Client], Awaitable[Reply]]] = {
            "OPTIONS": self._options,
            "DESCRIBE": self._describe,
            "SETUP": self._set_up,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "GET_PARAMETER": self._parameter,
            "SET_PARAMETER": self._parameter,
            "TEARDOWN": self._tear_down,
        }

    async def answer(self, request: RtspRequest, client: Client) -> tuple[bytes, Callable[[], object] | None]:
        """Return the answer to a request, and what to do once it is on its way."""
        sequence = request.headers.get("cseq")
        for session in client.sessions.values():
            session.alive()
        try:
            reply = await self._reply(request, client)
        except RtspError as error:
            return _refusal(sequence, error.status, error.detail, error.headers), None
        except (RequestError, ViewingError) as error:
            status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)
            headers = [] if error.retry_after_s is None else [("Retry-After", str(error.retry_after_s))]
            return _refusal(sequence, status, error.detail, headers), None
        return rtsp_answer(200, sequence, reply.headers, reply.body), reply.then

    def take(self, packet: RtspPacket, client: Client) -> None:
        """Take a packet that came between the requests of a client."""
        for session in client.sessions.values():
            delivery = session.delivery
            if delivery is not None and packet.channel in delivery.channels[1:]:
                session.on_report(packet.data)

    def leave(self, client: Client) -> None:
        """End what a connection leaves behind: all but the sessions whose packets travel apart from it."""
        client.drop_video()
        for session in list(client.sessions.values()):
            delivery = session.delivery
            if delivery is None or delivery.is_lossless:
                session.close()
            else:
                session.attach(None)

    def close(self) -> None:
        """End all sessions. Safe to call twice."""
        self._sessions.close()

    async def _reply(self, request: RtspRequest, client: Client) -> Reply:
        method = self._methods.get(request.method)
        if method is None:
            status = 405 if request.method in _NOT_HERE else 501
            raise RtspError(status, f"possible are {METHODS}", [("Allow", METHODS)])
        for name in ("require", "proxy-require"):
            if name in request.headers:
                unsupported = [("Unsupported", request.headers[name])]
                raise RtspError(551, f"this server has no options, got {request.headers[name][:60]}", unsupported)
        return await method(request, client)

    async def _options(self, request: RtspRequest, client: Client) -> Reply:
        return Reply([("Public", METHODS)])

    async def _describe(self, request: RtspRequest, client: Client) -> Reply:
        accepted = {kind.partition(";")[0].strip().lower() for kind in request.headers.get("accept", _SDP).split(",")}
        if not accepted & _SDP_TYPES:
            raise RtspError(406, f"a stream is described as {_SDP}")
        url = rtsp_url(request.url)
        self._admit(request, client, url)
        video = self._video(client, url)
        try:
            video.watch()
        except BaseException:
            video.close()
            raise
        await begin(self._backend, self._backend.public_camera(url.camera), video)
        assert video.key_frame is not None
        client.video, video.on_end = video, client.drop_video
        client.hold = asyncio.get_running_loop().call_later(HOLD_S, client.drop_video)
        headers = [("Content-Type", _SDP)]
        if "://" in url.base:
            headers.append(("Content-Base", f"{url.base}/"))
        return Reply(headers, rtsp_description(url.camera, video.key_frame, str(client.local[0])))

    async def _set_up(self, request: RtspRequest, client: Client) -> Reply:
        url = rtsp_url(request.url)
        caller = self._admit(request, client, url)
        if url.track not in (None, RTSP_TRACK.partition("=")[2]):
            raise RtspError(404, f"a stream has one track, {RTSP_TRACK}")
        session = self._session(request, client) if request.session else None
        if session is not None and session.plays:
            raise RtspError(455, "PAUSE comes before a change of the transport")
        if session is not None and session.camera != url.camera:
            raise RtspError(455, "a session has one camera; set up the other one without Session")
        taken = {
            channel
            for each in client.sessions.values()
            if each is not session and each.delivery is not None
            for channel in each.delivery.channels
        }
        header, has_udp = request.headers.get("transport", ""), self._sessions.has_udp
        transport = rtsp_transport(header, client.host, taken=taken, has_udp=has_udp)
        is_new = session is None
        if session is None:
            session = self._begin(client, url, caller)
        try:
            delivery = self._sessions.delivery(transport, session, client.address, client.write, client.unsent)
        except BaseException:
            if is_new:
                session.close()
            raise
        return Reply([("Transport", session.set_up(delivery)), ("Session", session.header)])

    async def _play(self, request: RtspRequest, client: Client) -> Reply:
        session = self._session(request, client)
        if self._backend.readers.feed(session.camera) is not session.feed:
            session.close()
            raise RtspError(454, "another camera has that name now; set up a new session")
        session.watch()
        headers = [("Session", session.header), ("Range", "npt=now-")]
        base = rtsp_url(request.url).base
        if "://" in base and not session.plays:
            headers.append(("RTP-Info", f"url={base}/{RTSP_TRACK};seq={session.next_number}"))
        return Reply(headers, then=session.play)

    async def _pause(self, request: RtspRequest, client: Client) -> Reply:
        session = self._session(request, client)
        session.pause()
        return Reply([("Session", session.header)])

    async def _parameter(self, request: RtspRequest, client: Client) -> Reply:
        """Answer a request without parameters, by which clients show that they are there; there are no parameters."""
        headers = [("Session", self._session(request, client).header)] if request.session else []
        names = [line.partition(":")[0].strip() for line in request.body.decode("utf-8", "replace").splitlines()]
        if any(names):
            kind = request.headers.get("content-type", _PARAMETERS).partition(";")[0].strip().lower()
            if kind != _PARAMETERS:
                raise RtspError(415, f"parameters are {_PARAMETERS}, got {kind[:60]}", headers)
            raise RtspError(451, f"there is no parameter {next(filter(None, names))[:60]}", headers)
        return Reply(headers)

    async def _tear_down(self, request: RtspRequest, client: Client) -> Reply:
        session = self._session(request, client)
        session.close()
        return Reply()

    def _admit(self, request: RtspRequest, client: Client, url: RtspUrl) -> Caller:
        """Return the caller of a request for a camera, which it may watch.

        Raises:
            RtspError: Its token is missing or wrong.
            RequestError: TooManyTokens, Forbidden, or NotFound.
        """
        tokens, caller = self._backend.tokens, client.caller
        if caller is None or tokens.withdrawal(caller, "view", url.camera):
            caller = self._access.caller(request.method, request.headers.get("authorization"), url.camera, client.host)
        caller.require({"view"})
        set_caller(caller)
        self._backend.public_camera(url.camera)
        client.caller = caller
        return caller

    def _video(self, client: Client, url: RtspUrl) -> RtspVideo:
        """Return the video of a stream: that which was described last, or a new one."""
        video = client.release_video()
        if video is not None:
            if (video.camera, video.annotations) == (url.camera, url.annotations):
                return video
            video.close()
        return self._sessions.video(url.camera, annotations=url.annotations)

    def _begin(self, client: Client, url: RtspUrl, caller: Caller) -> RtspSession:
        tokens = self._backend.tokens
        session = self._sessions.begin(
            self._video(client, url),
            client.host,
            client_of(client.host),
            lambda: tokens.withdrawal(caller, "view", url.camera),
        )
        session.attach(client)
        return session

    def _session(self, request: RtspRequest, client: Client) -> RtspSession:
        """Return the session of a request, which then belongs to its connection.

        Raises:
            RtspError: It names none, or an unknown one (454).
        """
        session = self._sessions.find(request.session, client.host)
        session.alive()
        if session.delivery is None or not session.delivery.is_lossless:
            session.attach(client)
        return session


def _refusal(sequence: str | None, status: int, detail: str, headers: Sequence[tuple[str, str]]) -> bytes:
    return rtsp_answer(status, sequence, headers, detail=safe_text(detail))
