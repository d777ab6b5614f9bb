"""Download pictures by URL: from public addresses only, with limits on bytes, time and redirects.

A client that names a URL makes the server send a request from inside its own network (SSRF). So the server resolves a
name once, requires every address of it to be public, and connects to a checked address and not to the name, which may
resolve differently a moment later. Each redirect is checked in the same way.

* ImageUrlError        the picture could not be downloaded
  * InvalidUrl         the URL is malformed or not allowed
  * DownloadFailed     the download failed
    * Unreachable      the host does not answer
  * DownloadTooLarge   the picture has too many bytes
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urljoin

import h11

from cameras import Address, is_public
from pipeline import LimitsConfig

from ..process import program_version
from .addresses import Target, parse_url, resolve
from .requests import RequestError, TooLarge

DOWNLOAD_S = 10.0
CONNECT_S = 4.0
REDIRECTS_MAX = 3
AT_ONCE = 8

_ADDRESSES_MAX = 4
# Bytes processed at once. A server may send them as chunks of one byte each, which cost a thousand times more.
_CHUNK = 4096
# Bytes other than the picture's: headers, and the lengths between chunks.
_OVERHEAD_MAX = 256_000
_MOVED = frozenset({301, 302, 303, 307, 308})

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


class ImageUrlError(RequestError):
    """The picture of a URL could not be downloaded; the message is for the client."""


class InvalidUrl(ImageUrlError):
    """The URL is malformed or not allowed."""


class DownloadFailed(ImageUrlError):
    """The download failed."""


class Unreachable(DownloadFailed):
    """The host of the URL does not answer."""


class DownloadTooLarge(TooLarge, ImageUrlError):
    """The picture has too many bytes."""


class ImageUrls:
    """Downloads pictures, a few at once; further downloads wait.

    Args:
        resolve: Returns the addresses of a host name.
        allowed: Returns whether the server may connect to an address.
        tls: Settings for verifying servers; by default with the system's certificate authorities.
        seconds: Time limit of one download with all its redirects.
        bytes_max: Returns the most bytes of a picture.
    """

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        allowed: Callable[[Address], bool] = is_public,
        tls: ssl.SSLContext | None = None,
        seconds: float = DOWNLOAD_S,
        bytes_max: Callable[[], int] = lambda: LimitsConfig().picture_bytes,
    ) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._tls = tls
        self._seconds = seconds
        self._bytes_max = bytes_max
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, url: str) -> bytes:
        """Return the bytes at a URL, without checking that they are a picture.

        Raises:
            ImageUrlError: One of its subclasses in this module.
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
                raise DownloadFailed("the server of the URL does not speak HTTP") from None

    async def _follow(self, url: str) -> bytes:
        for _ in range(REDIRECTS_MAX + 1):
            found = await self._get(_parsed(url))
            if isinstance(found, bytes):
                return found
            url = urljoin(url, found)
        raise DownloadFailed(f"the URL redirects more than {REDIRECTS_MAX} times")

    async def _get(self, target: Target) -> bytes | str:
        """Return the bytes, or the URL of a redirect."""
        reader, writer = await self._connect(target)
        try:
            writer.write(_request(target))
            await writer.drain()
            return await _response(reader, self._bytes_max())
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
                raise DownloadFailed(f"the certificate of {target.host} is not valid: {error.verify_message}") from None
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
        # Every address must be public: one private address among public ones would open the network.
        if not all(self._allowed(address) for address in addresses):
            raise InvalidUrl("the URL leads to an address that is not public; only public addresses are allowed")
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


async def _response(reader: asyncio.StreamReader, bytes_max: int) -> bytes | str:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "-")]))
    connection.send(h11.EndOfMessage())
    body: list[bytes] = []
    received = around = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            await asyncio.sleep(0)  # what is already here is read without a turn of the loop
            chunk = await reader.read(_CHUNK)
            around += len(chunk)
            if around > received + _OVERHEAD_MAX:
                raise DownloadFailed("the URL answers with too many bytes besides the picture")
            connection.receive_data(chunk)
        elif isinstance(event, h11.Response):
            moved = _checked(event, bytes_max)
            if moved is not None:
                return moved
        elif isinstance(event, h11.Data):
            received += len(event.data)
            if received > bytes_max:
                raise _too_large(bytes_max)
            body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            return b"".join(body)


def _checked(response: h11.Response, bytes_max: int) -> str | None:
    """Return the URL of a redirect; ``None`` if the picture follows."""
    headers = {bytes(name): bytes(value).decode("latin-1") for name, value in response.headers}
    if response.status_code in _MOVED and b"location" in headers:
        return headers[b"location"]
    if response.status_code != 200:
        raise DownloadFailed(f"the URL answers with status {response.status_code}")
    if headers.get(b"content-encoding", "identity").lower() not in ("", "identity"):
        raise DownloadFailed("the URL answers with a content encoding that was not requested")
    if int(headers.get(b"content-length", "0")) > bytes_max:
        raise _too_large(bytes_max)
    return None


def _too_large(bytes_max: int) -> DownloadTooLarge:
    return DownloadTooLarge(f"the picture of the URL must be under {-(-bytes_max // 1_000_000)} MB")


def _reason(error: OSError | None) -> str:
    if error is None or isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").lower().replace("_", " ")
    # The message of the error itself may contain addresses, which asyncio adds.
    return os.strerror(error.errno).lower() if error.errno else "no answer"
