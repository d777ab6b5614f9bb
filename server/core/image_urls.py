"""Get pictures that clients name by URL: from public addresses only, within limits of bytes, time and redirects.

A client that names a URL makes the server speak for it, from inside the network that the server is in. So a name is
looked up once, every address that it has must be public, and the connection goes to an address that was checked, not to
the name, which may lead elsewhere a moment later. Each redirect starts anew.

* ImageUrlError        no picture was got from a URL
  * InvalidUrl         the URL is not one that may be followed
  * DownloadFailed     what it names did not come as a picture's bytes
    * Unreachable      nothing answers
  * DownloadTooLarge   it has too many bytes
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urljoin

import h11

from ..program import program_version
from .addresses import Address, Target, is_public, parse_url, resolve
from .errors import RequestError, TooLarge
from .limits import PICTURE_BYTES_MAX

BYTES_MAX = PICTURE_BYTES_MAX
DOWNLOAD_S = 10.0
CONNECT_S = 4.0
REDIRECTS_MAX = 3
AT_ONCE = 8

_ADDRESSES_MAX = 4
_CHUNK = 65_536
# Of what is no picture: heads, and the lengths between chunks.
_AROUND_MAX = 256_000
_MOVED = frozenset({301, 302, 303, 307, 308})

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


class ImageUrlError(RequestError):
    """No picture was got from a URL; the message is for whoever named it."""


class InvalidUrl(ImageUrlError):
    """The URL is not one that may be followed."""


class DownloadFailed(ImageUrlError):
    """What the URL names did not come as a picture's bytes."""


class Unreachable(DownloadFailed):
    """Nothing answers where the URL leads."""


class DownloadTooLarge(TooLarge, ImageUrlError):
    """It has too many bytes."""


class ImageUrls:
    """Downloads pictures; a few at once, the others wait.

    Args:
        resolve: What gives the addresses of a host name.
        allowed: Which addresses may be connected to.
        tls: How servers are verified; by the system's authorities.
        seconds: How long one download may take, all redirects together.
    """

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        allowed: Callable[[Address], bool] = is_public,
        tls: ssl.SSLContext | None = None,
        seconds: float = DOWNLOAD_S,
    ) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._tls = tls
        self._seconds = seconds
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, url: str) -> bytes:
        """Return the bytes that a URL names; whether they are a picture is not looked at.

        Raises:
            ImageUrlError: one of the above.
        """
        async with self._turns:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._follow(url)
            except TimeoutError:
                raise DownloadFailed(f"the URL did not give its picture within {self._seconds:g} s") from None
            except (OSError, ssl.SSLError) as error:
                raise DownloadFailed(f"the connection broke off: {_reason(error)}") from None
            except h11.RemoteProtocolError:
                raise DownloadFailed("what the URL leads to does not speak HTTP") from None

    async def _follow(self, url: str) -> bytes:
        for _ in range(REDIRECTS_MAX + 1):
            found = await self._get(_parsed(url))
            if isinstance(found, bytes):
                return found
            url = urljoin(url, found)
        raise DownloadFailed(f"the URL redirects more than {REDIRECTS_MAX} times")

    async def _get(self, target: Target) -> bytes | str:
        """Return the bytes, or the URL it redirects to."""
        reader, writer = await self._connect(target)
        try:
            writer.write(_request(target))
            await writer.drain()
            return await _response(reader)
        finally:
            writer.transport.abort()

    async def _connect(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        secure = target.scheme == "https"
        last: OSError | None = None
        for address in (await self._addresses(target))[:_ADDRESSES_MAX]:
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(
                        str(address),
                        target.port,
                        ssl=self._context() if secure else None,
                        server_hostname=target.host if secure else None,
                    )
            except ssl.SSLCertVerificationError as error:
                raise DownloadFailed(f"the certificate of {target.host} is not good: {error.verify_message}") from None
            except OSError as error:  # a TimeoutError is one, too
                last = error
        raise Unreachable(f"{target.host} cannot be connected to: {_reason(last)}")

    async def _addresses(self, target: Target) -> Sequence[Address]:
        addresses: Sequence[Address] = [target.address] if target.address else []
        if not addresses:
            try:
                addresses = await self._resolve(target.host, target.port)
            except OSError:
                addresses = []
        if not addresses:
            raise Unreachable(f"the name {target.host} has no address")
        # All of them: one among public ones would be a way in.
        if not all(self._allowed(address) for address in addresses):
            raise InvalidUrl("the URL leads to an address that is not public, and those are not followed")
        return addresses

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _parsed(url: str) -> Target:
    try:
        return parse_url(url)
    except ValueError as error:
        raise InvalidUrl(str(error)) from None


def _request(target: Target) -> bytes:
    connection = h11.Connection(h11.CLIENT)
    headers = [
        ("Host", target.authority),
        ("User-Agent", f"camweave/{program_version()}"),
        ("Accept", "image/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    request = h11.Request(method="GET", target=target.path, headers=headers)
    return (connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b"")


async def _response(reader: asyncio.StreamReader) -> bytes | str:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "-")]))
    connection.send(h11.EndOfMessage())
    body: list[bytes] = []
    received = around = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            chunk = await reader.read(_CHUNK)
            around += len(chunk)
            if around > received + _AROUND_MAX:
                raise DownloadFailed("the URL gives more around the picture than belongs there")
            connection.receive_data(chunk)
        elif isinstance(event, h11.Response):
            moved = _checked(event)
            if moved is not None:
                return moved
        elif isinstance(event, h11.Data):
            received += len(event.data)
            if received > BYTES_MAX:
                raise _too_large()
            body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            return b"".join(body)


def _checked(response: h11.Response) -> str | None:
    """Return where a response redirects to; ``None`` when the picture follows."""
    headers = {bytes(name): bytes(value).decode("latin-1") for name, value in response.headers}
    if response.status_code in _MOVED and b"location" in headers:
        return headers[b"location"]
    if response.status_code != 200:
        raise DownloadFailed(f"the URL answers with status {response.status_code}")
    if headers.get(b"content-encoding", "identity").lower() not in ("", "identity"):
        raise DownloadFailed("the URL gives its picture packed, which was not asked for")
    if int(headers.get(b"content-length", "0")) > BYTES_MAX:
        raise _too_large()
    return None


def _too_large() -> DownloadTooLarge:
    return DownloadTooLarge(f"the picture of the URL must be under {-(-BYTES_MAX // 1_000_000)} MB")


def _reason(error: OSError | None) -> str:
    if error is None or isinstance(error, TimeoutError):
        return "nobody answers"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").lower().replace("_", " ")
    # Not its own words: asyncio puts addresses there.
    return os.strerror(error.errno).lower() if error.errno else "nobody answers"
