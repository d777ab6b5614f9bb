"""What an RTSP host means where FFmpeg does not say: where it leads, and which digests it asks for.

FFmpeg takes a digest that it does not know for a wrong password. The question for them has neither user nor password,
so it does not count as an attempt with them.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.request import parse_http_list, parse_keqv_list

from .reach import PORTS, Reach, plain

_BYTES_MAX = 65_536
_CHECK_S = 0.1
_LOCATION_MAX = 900  # characters; FFmpeg's log cuts off what is longer than about a thousand


class RtspFailure(Exception):
    """The host's answer cannot be used; the message says why."""


class RtspClosed(Exception):
    """The camera was closed meanwhile."""


def led_url(url: str, asked: str, location: str) -> str | None:
    """Return the URL to open after a redirect, or ``None`` if its address must not be reached.

    Another host than that of the stream stands in it by its address, and gets neither user nor password.

    Args:
        url: The URL of the stream, perhaps with user and password.
        asked: The URL that was redirected.
        location: Where to, as the host says.

    Raises:
        RtspFailure: That is no address of RTSP, or no such host.
    """
    if len(location) > _LOCATION_MAX:
        raise RtspFailure("the host leads to an address that is too long")
    try:
        led = urlsplit(urljoin(asked, location))
        host, port = led.hostname, led.port or PORTS.get(led.scheme, 0)
    except ValueError:
        host = None
    if not host or led.scheme not in ("rtsp", "rtsps"):
        raise RtspFailure("the host leads to an address that is not RTSP")
    reach = Reach(url, lambda: False)
    reached = reach.host_for(host, port)
    if reached is None:
        if reach.failure is not None:
            raise RtspFailure("the host leads to a host that does not exist")
        return None
    own = urlsplit(url)
    is_own = plain(host) == plain(own.hostname or "")
    user, at, _ = (own if is_own and "@" not in led.netloc else led).netloc.rpartition("@")
    if is_own and own.scheme == "rtsps" and led.scheme == "rtsp":
        user = at = ""  # they would be sent in the clear
    name = f"[{reached}]" if ":" in reached else reached
    return urlunsplit(led._replace(netloc=f"{user}{at}{name}:{port}"))


def offered_digests(url: str, timeout_s: float, closed: Callable[[], bool]) -> tuple[str, ...]:
    """Ask a host to describe a stream, and return the algorithms of the digests that it offers, in its order.

    Args:
        url: The URL, rtsp, perhaps with user and password, which are not sent.
        timeout_s: Limit for all of it.
        closed: Tells a running call to stop.

    Raises:
        OSError: The host is not reached, does not answer in time, or breaks the connection.
        RtspClosed: ``closed`` said so.
    """
    head = _asked(Reach(url, closed), url, time.monotonic() + timeout_s, closed)
    return _digests(head) if re.match(rb"RTSP/1\.\d 401", head) else ()


def _asked(reach: Reach, url: str, deadline_s: float, closed: Callable[[], bool]) -> bytes:
    """Return the head of the answer."""
    parts = urlsplit(url)
    left_s = max(deadline_s - time.monotonic(), 0.0)
    connection = reach.connect(parts.hostname or "", parts.port or PORTS["rtsp"], left_s)
    if closed():
        if connection is not None:
            connection.close()
        raise RtspClosed
    if connection is None:
        raise reach.failure or OSError("no address")
    with connection:
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        request = f"DESCRIBE {bare} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\nUser-Agent: camweave\r\n\r\n"
        connection.settimeout(max(deadline_s - time.monotonic(), _CHECK_S))
        connection.sendall(request.encode())
        connection.settimeout(_CHECK_S)
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < _BYTES_MAX:
            if closed():
                raise RtspClosed
            try:
                data = connection.recv(4096)
            except TimeoutError:
                if time.monotonic() >= deadline_s:
                    raise
                continue
            if not data:
                break
            answer += data
        # A close with unread data would break the connection, which some hosts log as an attack.
        connection.shutdown(socket.SHUT_WR)
    return answer.partition(b"\r\n\r\n")[0]


def _digests(head: bytes) -> tuple[str, ...]:
    """Return the algorithms of the digests that are offered, in their order."""
    found = []
    for line in re.findall(rb"^www-authenticate:[ \t]*(.*?)\r?$", head, re.IGNORECASE | re.MULTILINE):
        method, _, rest = line.decode("latin-1").partition(" ")
        if method.lower() != "digest":
            continue
        challenge = parse_keqv_list([item for item in parse_http_list(rest) if "=" in item])
        found.append(challenge.get("algorithm", "MD5").upper())
    return tuple(found)
