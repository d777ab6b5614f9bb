"""A small HTTP client for cameras, closable from another thread, whose deadlines hold whatever the host does."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import socket
import ssl
import time
from collections.abc import Mapping
from email.message import Message
from http.client import parse_headers
from io import BytesIO
from threading import Event, RLock
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from .reach import PORTS, Reach, plain

REDIRECTS_MAX = 5
HEAD_BYTES_MAX = 65_536

_CHUNK = 65_536
_CHECK_S = 0.1
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class HttpClosed(Exception):
    """The client is closed, or was closed during this call."""


class HttpFailure(Exception):
    """The host's answer cannot be used; the message says why."""


class HttpClient:
    """Gets a URL, one request at a time. It follows redirects to where a stream may lead (:class:`Reach`).

    User and password of the URL are sent when the host asks for them, once per request. Certificates are not verified:
    cameras sign their own, and FFmpeg, which reads all other streams, does not verify them either.

    Args:
        url: The URL, http or https.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._closed = Event()
        self._busy = RLock()
        self._socket: socket.socket | None = None

    def get(self, timeout_s: float) -> HttpResponse:
        """Send a request and return the response, of any status but a redirect.

        Args:
            timeout_s: Limit until the head of the response is there; and later for each wait for a part of its body.

        Raises:
            OSError: The host is not reached, does not answer in time, or breaks the connection.
            HttpFailure: Its answer cannot be used.
            HttpClosed: ``close`` was called.
        """
        with self._busy:
            try:
                return self._get(timeout_s)
            finally:
                if self._closed.is_set():
                    self.end()

    def _get(self, timeout_s: float) -> HttpResponse:
        self.end()
        deadline_s = time.monotonic() + timeout_s
        reach = Reach(self._url, self._closed.is_set)
        parts = urlsplit(self._url)
        host, user = plain(parts.hostname or ""), (unquote(parts.username or ""), unquote(parts.password or ""))
        url, authorization = self._url, ""
        tries = 0
        while tries <= REDIRECTS_MAX:
            response = self._request(reach, url, authorization, deadline_s, timeout_s)
            own = plain(urlsplit(url).hostname or "") == host
            location = response.headers.get("Location")
            if response.status in (301, 302, 303, 307, 308) and location is not None:
                url, authorization, tries = urljoin(url, location), "", tries + 1
                if urlsplit(url).scheme.lower() not in ("http", "https"):
                    raise HttpFailure("the host leads to an address that is not HTTP")
            elif response.status == 401 and own and any(user) and not authorization:
                authorization = _authorization(response.headers, user, url)
                if not authorization:
                    return response
            else:
                return response
        raise HttpFailure(f"the host redirects more than {REDIRECTS_MAX} times")

    def end(self) -> None:
        """End the present request."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """End the client; a waiting call raises at once. Safe to call twice, from any thread."""
        self._closed.set()
        if self._busy.acquire(blocking=False):  # else the call that is going on closes the connection
            try:
                self.end()
            finally:
                self._busy.release()

    def _request(self, reach: Reach, url: str, authorization: str, deadline_s: float, timeout_s: float) -> HttpResponse:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), parts.hostname or ""
        self.end()
        connection = reach.connect(host, parts.port or PORTS[scheme], max(deadline_s - time.monotonic(), 0.0))
        if self._closed.is_set():
            if connection is not None:
                connection.close()
            raise HttpClosed
        if connection is None:
            if reach.failure is not None:
                raise reach.failure
            raise HttpFailure("the host leads to another address in a private network, which is not followed")
        self._socket = connection
        if scheme == "https":
            self._socket = connection = self._secured(connection, host, deadline_s)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            "User-Agent: camweave",
            "Accept: */*",
        ]
        if authorization:
            lines.append(f"Authorization: {authorization}")
        connection.settimeout(max(deadline_s - time.monotonic(), _CHECK_S))
        connection.sendall(("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode())
        connection.settimeout(_CHECK_S)
        return HttpResponse(connection, self._closed, self._busy, deadline_s, timeout_s)

    def _secured(self, connection: socket.socket, host: str, deadline_s: float) -> socket.socket:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection.settimeout(_CHECK_S)
        secure = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
        self._socket = secure
        while True:
            try:
                secure.do_handshake()
                return secure
            except TimeoutError:
                if self._closed.is_set():
                    raise HttpClosed from None
                if time.monotonic() >= deadline_s:
                    raise


class HttpResponse:
    """The response to a request; made by :class:`HttpClient`.

    Attributes:
        status: Its status.
        headers: Its headers.
        content_type: Type of its body, in lower case, without parameters.
    """

    def __init__(
        self, connection: socket.socket, closed: Event, busy: RLock, deadline_s: float, timeout_s: float
    ) -> None:
        self._connection = connection
        self._closed = closed
        self._busy = busy
        self._timeout_s = timeout_s
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            data = self._received(deadline_s)
            if not data or len(self._buffer) > HEAD_BYTES_MAX:
                raise HttpFailure("the host answers, but not with HTTP")
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, _, rest = head.partition(b"\r\n")
        words = first.split(None, 2)
        if len(words) < 2 or not words[1].isdigit():
            raise HttpFailure("the host answers, but not with HTTP")
        self.status = int(words[1])
        self.headers: Message = parse_headers(BytesIO(rest + b"\r\n\r\n"))
        self.content_type = self.headers.get_content_type() if self.headers.get("Content-Type") else ""
        self._is_chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        length = self.headers.get("Content-Length", "")
        self._left = int(length) if length.isdigit() and not self._is_chunked else None

    def read(self, timeout_s: float | None = None) -> bytes:
        """Wait for the next part of the body and return it; empty at the end.

        Raises:
            OSError: Nothing comes in time, or the connection breaks.
            HttpFailure: The body is not what its headers say.
            HttpClosed: The client was closed.
        """
        deadline_s = time.monotonic() + (self._timeout_s if timeout_s is None else timeout_s)
        if self._is_chunked:
            return self._chunk(deadline_s)
        if self._left == 0:
            return b""
        data, self._buffer = self._buffer or self._received(deadline_s), b""
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        return data

    def read_all(self, bytes_max: int) -> bytes:
        """Return the whole body.

        Raises:
            OSError: It does not come in time, or the connection breaks.
            HttpFailure: It is longer than ``bytes_max``, or cut short.
            HttpClosed: The client was closed.
        """
        deadline_s = time.monotonic() + self._timeout_s
        body = bytearray()
        while part := self.read(deadline_s - time.monotonic()):
            body += part
            if len(body) > bytes_max:
                raise HttpFailure(f"the answer has more than {bytes_max} bytes")
        if self._left:
            raise HttpFailure("the answer is cut short")
        return bytes(body)

    def _chunk(self, deadline_s: float) -> bytes:
        if not self._left:
            while b"\n" not in self._buffer.lstrip(b"\r\n"):
                self._more(deadline_s)
            line, _, self._buffer = self._buffer.lstrip(b"\r\n").partition(b"\n")
            try:
                self._left = int(line.split(b";")[0], 16)
            except ValueError:
                raise HttpFailure("the body has no valid chunks") from None
            if self._left == 0:
                self._is_chunked = False
                return b""
        if not self._buffer:
            self._more(deadline_s)
        data, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        self._left -= len(data)
        return data

    def _more(self, deadline_s: float) -> None:
        data = self._received(deadline_s)
        if not data or len(self._buffer) > HEAD_BYTES_MAX:
            raise HttpFailure("the body is cut short")
        self._buffer += data

    def _received(self, deadline_s: float) -> bytes:
        with self._busy:
            while True:
                if self._closed.is_set():
                    self._connection.close()
                    raise HttpClosed
                try:
                    return self._connection.recv(_CHUNK)
                except TimeoutError:
                    if time.monotonic() >= deadline_s:
                        raise


def _authorization(headers: Message, user: tuple[str, str], url: str) -> str:
    """Return the header with user and password that the host asks for; empty if it asks for a method not known."""
    methods = []
    for text in headers.get_all("WWW-Authenticate") or ():
        method, _, rest = text.strip().partition(" ")
        methods.append(method.lower())
        challenge = parse_keqv_list([item for item in parse_http_list(rest) if "=" in item])
        if methods[-1] == "digest" and is_known(challenge):
            parts = urlsplit(url)
            return digest(challenge, user, "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    if "basic" in methods:
        return f"Basic {base64.b64encode(':'.join(user).encode()).decode()}"
    return ""


def is_known(challenge: Mapping[str, str]) -> bool:
    """Return whether a digest with these parameters can be made."""
    return challenge.get("algorithm", "MD5").upper().removesuffix("-SESS") in _HASHES


def digest(challenge: Mapping[str, str], user: tuple[str, str], method: str, uri: str) -> str:
    """Return the header of a digest (RFC 7616) for the parameters of a challenge."""
    algorithm = challenge.get("algorithm", "MD5").upper()
    hash_ = _HASHES[algorithm.removesuffix("-SESS")]

    def hashed(*texts: str) -> str:
        return hash_(":".join(texts).encode()).hexdigest()

    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
    fresh = binascii.hexlify(secrets.token_bytes(8)).decode()
    first = hashed(user[0], realm, user[1])
    if algorithm.endswith("-SESS"):
        first = hashed(first, nonce, fresh)
    has_qop = "auth" in challenge.get("qop", "").replace(" ", "").split(",")
    middle = (nonce, "00000001", fresh, "auth") if has_qop else (nonce,)
    response = hashed(first, *middle, hashed(method, uri))
    fields = {"username": user[0], "realm": realm, "nonce": nonce, "uri": uri, "response": response}
    if "opaque" in challenge:
        fields["opaque"] = challenge["opaque"]
    words = [f'{name}="{_quoted(value)}"' for name, value in fields.items()]
    if "algorithm" in challenge:
        words.append(f"algorithm={challenge['algorithm']}")
    if has_qop:
        words += ["qop=auth", "nc=00000001", f'cnonce="{fresh}"']
    return f"Digest {', '.join(words)}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
