"""Pictures by URL: redirects, addresses and limits."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cameras import Address, is_public
from server.core.addresses import parse_url, resolve
from server.core.image_urls import (
    DownloadFailed,
    DownloadTooLarge,
    ImageUrlError,
    ImageUrls,
    InvalidUrl,
    Unreachable,
)
from tests.certificates import certificate

LOOPBACK = ipaddress.ip_address("127.0.0.1")
Answer = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(text: str | bytes) -> Answer:
    """Return a server that sends the same answer to every request."""

    async def answer(head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text if isinstance(text, bytes) else text.encode())

    return answer


def picture(data: bytes = b"picture", more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n{more}\r\n".encode() + data


class Names:
    """A fake resolver that records its requests."""

    def __init__(self, **known: str | Sequence[str]) -> None:
        self.known = {name.replace("_", "."): [addresses] for name, addresses in known.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[Address]:
        self.asked.append(host)
        found = self.known.get(host, [LOOPBACK.exploded])[0]
        return [ipaddress.ip_address(text) for text in ([found] if isinstance(found, str) else found)]


def fetch(
    url: str, answer: Answer, *, server_tls: ssl.SSLContext | None = None, **settings: Any
) -> tuple[bytes, list[str]]:
    """Fetch a URL from a server on 127.0.0.1, whose port replaces ``PORT``; return the bytes and request headers."""
    heads: list[str] = []

    async def main() -> bytes:
        handled: list[asyncio.Task[None]] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            handled.append(asyncio.current_task())  # type: ignore[arg-type]  # there is one
            try:
                heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                await answer(heads[-1], reader, writer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.transport.abort() if writer.transport.is_closing() else writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_tls)
        port = server.sockets[0].getsockname()[1]
        try:
            settings.setdefault("resolve", Names())
            settings.setdefault("allowed", lambda address: address == LOOPBACK)
            return await ImageUrls(**settings).fetch(url.replace("PORT", str(port)))
        finally:
            server.close()
            for task in handled:
                task.cancel()
            await asyncio.gather(*handled, return_exceptions=True)

    return asyncio.run(main()), heads


def test_a_picture_is_fetched_from_the_resolved_address_with_its_host_name() -> None:
    names = Names()
    data, heads = fetch("http://pictures.example:PORT/a/b.jpg?size=2#part", saying(picture()), resolve=names)
    assert data == b"picture"
    assert names.asked == ["pictures.example"]
    lines = heads[0].split("\r\n")
    assert lines[0] == "GET /a/b.jpg?size=2 HTTP/1.1"
    assert lines[1].startswith("Host: pictures.example:")
    assert "Accept-Encoding: identity" in lines
    assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npic\r\n4\r\nture\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npicture",
        "HTTP/1.0 200 OK\r\n\r\npicture",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npicture",
    ],
)
def test_every_transfer_form_of_a_body_is_read(text: str) -> None:
    assert fetch("http://a.example:PORT/", saying(text))[0] == b"picture"


def test_redirects_are_followed_and_each_is_resolved() -> None:
    names = Names()

    async def answer(head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = head.partition("Host: ")[2].split()[0].rpartition(":")[2]
        steps = {"/1": f"http://b.example:{port}/2", "/2": f"//c.example:{port}/3", "/3": "4"}
        step = steps.get(head.split()[1])
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {step}\r\n\r\n".encode() if step else picture(b"end"))

    assert fetch("http://a.example:PORT/1", answer, resolve=names)[0] == b"end"
    assert names.asked == ["a.example", "b.example", "c.example", "c.example"]


def test_the_fourth_redirect_is_refused() -> None:
    answer = saying("HTTP/1.1 301 Moved\r\nLocation: /again\r\n\r\n")
    with pytest.raises(DownloadFailed, match="redirects more than 3 times"):
        fetch("http://a.example:PORT/", answer)


@pytest.mark.parametrize(
    "location",
    ["http://inside.example/", "http://10.0.0.1/", "https://[::1]/", "file:///etc/passwd", "http://u:p@a.example/"],
)
def test_a_redirect_is_checked_like_the_first_url(location: str) -> None:
    names = Names(inside_example="192.168.0.9")
    with pytest.raises(InvalidUrl):
        fetch("http://a.example:PORT/", saying(f"HTTP/1.1 302 -\r\nLocation: {location}\r\n\r\n"), resolve=names)


def test_one_private_address_among_public_ones_is_refused() -> None:
    names = Names(a_example=("127.0.0.1", "192.168.0.1"))
    with pytest.raises(InvalidUrl, match="not public"):
        fetch("http://a.example:PORT/", saying(picture()), resolve=names)


def test_the_next_address_is_tried_if_the_first_does_not_answer() -> None:
    names = Names(a_example=("127.0.0.2", "127.0.0.1"))
    allowed = [ipaddress.ip_address("127.0.0.2"), LOOPBACK]
    assert fetch("http://a.example:PORT/", saying(picture()), resolve=names, allowed=allowed.__contains__)[0]


def test_loopback_is_not_public() -> None:
    with pytest.raises(InvalidUrl, match="not public"):
        fetch("http://127.0.0.1:PORT/", saying(picture()), allowed=is_public)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("HTTP/1.1 404 Not Found\r\n\r\n", DownloadFailed, "answers with status 404"),
        ("HTTP/1.1 304 Not Modified\r\nLocation: /\r\n\r\n", DownloadFailed, "answers with status 304"),
        ("HTTP/1.1 302 Found\r\n\r\n", DownloadFailed, "answers with status 302"),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", DownloadFailed, "does not speak HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", DownloadFailed, "does not speak HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 20000001\r\n\r\n", DownloadTooLarge, "must be under 20 MB"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", DownloadFailed, "content encoding"),
        ("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 100_000, DownloadFailed, "does not speak HTTP"),
        ("HTTP/1.1 103 Hints\r\n\r\n" * 50_000, DownloadFailed, "too many bytes besides the picture"),
    ],
)
def test_invalid_responses_are_errors(text: str, error: type[ImageUrlError], message: str) -> None:
    with pytest.raises(error, match=message):
        fetch("http://a.example:PORT/", saying(text))


def test_a_picture_without_a_length_is_refused_at_the_limit() -> None:
    limit: dict[str, Any] = {"bytes_max": lambda: 1_000_000}
    with pytest.raises(DownloadTooLarge, match="must be under 1 MB"):
        fetch("http://a.example:PORT/", saying(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1_000_001)), **limit)
    assert (
        len(fetch("http://a.example:PORT/", saying(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1_000_000)), **limit)[0])
        == 1_000_000
    )


def test_the_wait_for_a_silent_server_is_limited() -> None:
    async def silent(head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(DownloadFailed, match="did not give its picture within 0.2 s"):
        fetch("http://a.example:PORT/", silent, seconds=0.2)


def test_a_refused_connection_is_an_error() -> None:
    with pytest.raises(Unreachable, match="cannot be connected to"):
        fetch("http://a.example:1/", saying(""))


def test_a_name_without_an_address_is_an_error() -> None:
    async def nothing(host: str, port: int) -> list[Address]:
        raise OSError

    with pytest.raises(Unreachable, match="the name a.example has no address"):
        fetch("http://a.example:PORT/", saying(""), resolve=nothing)


def test_tls_is_verified_for_the_name_of_the_url(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "a.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    seen: list[str | None] = []
    server.sni_callback = lambda _sock, name, _context: seen.append(name)
    trusting = ssl.create_default_context(cafile=str(cert))
    assert fetch("https://a.example:PORT/", saying(picture()), server_tls=server, tls=trusting)[0] == b"picture"
    assert seen == ["a.example"]
    with pytest.raises(DownloadFailed, match="the certificate of b.example is not valid: Hostname mismatch"):
        fetch("https://b.example:PORT/", saying(picture()), server_tls=server, tls=trusting)
    with pytest.raises(DownloadFailed, match="the certificate of a.example is not valid: self-signed certificate"):
        fetch("https://a.example:PORT/", saying(picture()), server_tls=server)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "the URL is empty"),
        ("pictures.example/a.jpg", "must begin with http"),
        ("ftp://a.example/", "must begin with http"),
        ("file:///etc/passwd", "must begin with http"),
        ("http:///a.jpg", "no host name"),
        ("http://user:secret@a.example/", "user name or password"),
        ("http://@a.example/", "user name or password"),
        ("http://a.example\\@127.0.0.1/", "percent-encoded"),
        ("http://a.example/ä", "percent-encoded"),
        ("http://a.example/a b", "percent-encoded"),
        ("http://a.example/\r\nX: y", "percent-encoded"),
        ("http://a.example/\x00", "percent-encoded"),
        ("http://a.example:0/", "port"),
        ("http://a.example:70000/", "cannot be read"),
        ("http://[::1/", "cannot be read"),
        ("http://[::1%25lo]/", "no host name|zone"),
        ("http://[fe80::1%lo]/", "zone|cannot be read"),
        ("http://[a.example]/", "no host name|cannot be read"),
        ("http://2130706433/", "four numbers"),
        ("http://0x7f000001/", "four numbers"),
        ("http://0x7f.0.0.1/", "four numbers"),
        ("http://127.1/", "four numbers"),
        ("http://0177.0.0.1/", "four numbers"),
        ("http://127.0.0.1./", "four numbers"),
        ("http://999.1.1.1/", "four numbers"),
        ("http://a..example/", "no host name"),
        ("http://a.example%2f/", "no host name"),
        ("http://" + "a" * 3000, "longer than"),
    ],
)
def test_an_invalid_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_url(url)


def test_a_url_is_parsed() -> None:
    target = parse_url("HTTPS://Pictures.Example.:8443/a%20b?c=d")
    assert (target.scheme, target.host, target.port, target.path) == ("https", "pictures.example", 8443, "/a%20b?c=d")
    assert target.authority == "pictures.example:8443"
    six = parse_url("http://[2606:2800::1]")
    assert (six.authority, six.port, six.path) == ("[2606:2800::1]", 80, "/")


def test_a_name_is_resolved_on_a_thread() -> None:
    assert LOOPBACK in asyncio.run(resolve("localhost", 80))
    with pytest.raises(OSError):
        asyncio.run(resolve("a." * 200, 80))
