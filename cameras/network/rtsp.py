"""A question to an RTSP host, where FFmpeg fails: where does it lead, and what does it ask for?

FFmpeg follows redirects without end, and takes a method of authentication that it does not know for a wrong password.
The question has neither user nor password, so it does not count as an attempt with them.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.request import parse_http_list, parse_keqv_list

from .http import REDIRECTS_MAX
from .reach import PORTS, Reach, plain

_BYTES_MAX = 65_536
_CHECK_S = 0.1


class RtspFailure(Exception):
    """The host's answer cannot be used; the message says why."""


class RtspClosed(Exception):
    """The camera was closed meanwhile."""


@dataclass(frozen=True, slots=True)
class Described:
    """What the host answered.

    Attributes:
        url: The URL to open: that asked for, or where the host leads.
        digests: The algorithms of the digests that it offers, in upper case, in its order.
    """

    url: str
    digests: tuple[str, ...] = ()


def describe(url: str, timeout_s: float, closed: Callable[[], bool]) -> Described:
    """Ask a host to describe a stream, and follow where it leads.

    Args:
        url: The URL, rtsp, perhaps with user and password; these are kept for the host itself.
        timeout_s: Limit for all of it.
        closed: Tells a running call to stop.

    Raises:
        OSError: The host is not reached, does not answer in time, or breaks the connection.
        RtspFailure: Its answer cannot be used.
        RtspClosed: ``closed`` said so.
    """
    deadline_s = time.monotonic() + timeout_s
    reach = Reach(url, closed)
    asked = url
    for _ in range(REDIRECTS_MAX):
        head = _asked(reach, asked, deadline_s, closed)
        status = re.match(rb"RTSP/1\.\d (\d{3})", head)
        if status is None:
            return Described(asked)  # FFmpeg may know better
        location = re.search(rb"^location:[ \t]*(\S+)", head, re.IGNORECASE | re.MULTILINE)
        if not 300 <= int(status[1]) < 400 or location is None:
            return Described(asked, _digests(head) if int(status[1]) == 401 else ())
        asked = _led(asked, location[1].decode("latin-1"), own=urlsplit(url).netloc)
    raise RtspFailure(f"the host redirects more than {REDIRECTS_MAX} times")


def _led(url: str, location: str, own: str) -> str:
    led = urlsplit(urljoin(url, location))
    if led.scheme.lower() != "rtsp" or not led.hostname:
        raise RtspFailure("the host leads to an address that is not RTSP")
    user, at, host = own.rpartition("@")
    if at and "@" not in led.netloc and plain(urlsplit(f"//{host}").hostname or "") == plain(led.hostname):
        led = led._replace(netloc=f"{user}@{led.netloc}")
    return urlunsplit(led)


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
        if reach.failure is not None:
            raise reach.failure
        raise RtspFailure("the host leads to another address in a private network, which is not followed")
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
