"""All RTSP sessions of a server."""

from __future__ import annotations

from collections.abc import Callable

from ..encoding import EncoderPool
from ..rtp import Transmitter
from ..viewing import NoConnection, Readers
from .delivery import Delivery, TcpDelivery, UdpDelivery
from .errors import RtspError
from .ports import MediaPorts
from .session import RtspSession
from .transports import Channels, ClientPorts
from .video import RtspVideo


class RtspSessions:
    """The RTSP sessions of all cameras. Create, use and close it in the event loop.

    Args:
        readers: The readers of the server, among whom the sessions are counted and listed.
        encoders: The source of the packets.
        ports: The UDP ports, which the sessions own; ``None`` for TCP only.
    """

    def __init__(self, readers: Readers, encoders: EncoderPool, ports: MediaPorts | None) -> None:
        self._readers = readers
        self._encoders = encoders
        self._ports = ports
        self._transmitter = Transmitter()
        self._sessions: dict[str, RtspSession] = {}

    @property
    def has_udp(self) -> bool:
        """Whether packets may travel over UDP."""
        return self._ports is not None

    def video(self, camera: str, *, annotations: bool) -> RtspVideo:
        """Return the video of a camera for a reader, who has no place yet; its owner closes it.

        Raises:
            ViewingError: UnknownCamera or NoConnection.
        """
        return RtspVideo(self._readers.feed(camera), self._encoders, annotations=annotations)

    def begin(
        self,
        video: RtspVideo,
        host: str,
        client: str,
        withdrawal: Callable[[], str],
    ) -> RtspSession:
        """Begin a session, which owns the video; a session that cannot begin closes it.

        Args:
            video: Its video.
            host: The address of the client.
            client: The key by which clients are counted, such as their address.
            withdrawal: Returns why the client may stay no longer; empty while it may.

        Raises:
            ViewingError: UnknownCamera, NoConnection or TooManyPeersOfAddress.
        """
        session = RtspSession(video, host, self._transmitter, self._forget)
        try:
            self._readers.enter(session, client, withdrawal)
        except BaseException:
            session.close()
            raise
        self._sessions[session.secret] = session
        return session

    def delivery(
        self,
        transport: Channels | ClientPorts,
        session: RtspSession,
        address: tuple[object, ...],
        write: Callable[[bytes], object],
        unsent: Callable[[], int],
    ) -> Delivery:
        """Return the way of a session's packets, in place of the one that it had.

        Args:
            transport: What client and server have agreed on.
            session: The session.
            address: The client's end of the connection.
            write: Sends bytes on the connection.
            unsent: Returns how many bytes the connection has not sent yet.

        Raises:
            RtspError: Another session has these ports of the client.
        """
        if session.delivery is not None:
            session.delivery.close()
        if isinstance(transport, Channels):
            return TcpDelivery(transport, write, unsent)
        if self._ports is None:
            raise NoConnection("there is no port for UDP")
        self._free(transport, session.host)
        return UdpDelivery(transport, address, self._ports, session.on_report)

    def _free(self, wanted: ClientPorts, host: str) -> None:
        """End a session that has some ports of a client and lost its connection: the client has been restarted."""
        for other in list(self._sessions.values()):
            if other.host == host and isinstance(other.delivery, UdpDelivery) and other.delivery.overlaps(wanted):
                if other.is_attached:
                    raise RtspError(461, "another session has these ports; end that first, or choose others")
                other.close()

    def find(self, secret: str, host: str) -> RtspSession:
        """Return a session of a client.

        Raises:
            RtspError: There is no such session, or another client has it (454).
        """
        session = self._sessions.get(secret)
        if session is None or session.host != host:
            raise RtspError(454, "there is no such session; it may have ended")
        return session

    def close(self) -> None:
        """End all sessions, and close the ports. Safe to call twice."""
        for session in list(self._sessions.values()):
            session.end("the server is shutting down")
        if self._ports is not None:
            self._ports.close()
            self._ports = None

    def _forget(self, session: RtspSession) -> None:
        self._sessions.pop(session.secret, None)
        self._readers.leave(session)
