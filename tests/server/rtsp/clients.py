"""An RTSP client by hand, for requests as those of any other."""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

WAIT_S = 20.0


@dataclass(frozen=True)
class Answer:
    """An answer; headers by their names as they came, those that come more than once as lists."""

    status: int
    reason: str
    headers: dict[str, list[str]]
    body: str

    def __getitem__(self, name: str) -> str:
        (value,) = self.headers[name]
        return value

    @property
    def session(self) -> str:
        return self["Session"].partition(";")[0]


@dataclass
class Client:
    """A connection to a server on this machine.

    Attributes:
        packets: What came between the answers: channels and packets.
    """

    port: int
    host: str = "127.0.0.1"
    packets: list[tuple[int, bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.sock = socket.create_connection((self.host, self.port), timeout=WAIT_S)
        self._stream = self.sock.makefile("rb")
        self._number = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self.sock.close()

    def url(self, camera: str = "still") -> str:
        """Return the URL of a camera."""
        return f"rtsp://{self.host}:{self.port}/{camera}"

    def ask(self, method: str, url: str | None = None, body: str = "", **headers: str) -> Answer:
        """Send a request and return its answer; underscores in the names of headers are hyphens."""
        self._number += 1
        lines = [f"{method} {self.url() if url is None else url} RTSP/1.0", f"CSeq: {self._number}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.say("\r\n".join([*lines, "", body]))

    def say(self, text: str) -> Answer:
        """Send text and return the answer."""
        self.sock.sendall(text.encode())
        return self.answer()

    def answer(self) -> Answer:
        """Return the next answer."""
        line = self._line_between_packets()
        found = re.fullmatch(r"RTSP/1\.0 (\d{3}) (.*)", line)
        assert found is not None, line
        headers: dict[str, list[str]] = {}
        while line := self._stream.readline().decode().rstrip("\r\n"):
            name, _, value = line.partition(": ")
            headers.setdefault(name, []).append(value)
        length = int(headers.get("Content-Length", ["0"])[0])
        return Answer(int(found[1]), found[2], headers, self._stream.read(length).decode())

    def packet(self) -> tuple[int, bytes]:
        """Return the next packet, with its channel."""
        if not self.packets:
            assert self._stream.read(1) == b"$"
            self._take_packet()
        return self.packets.pop(0)

    def ends(self) -> bool:
        """Wait for the end of the connection; return whether it comes after nothing but packets."""
        while (first := self._stream.read(1)) == b"$":
            self._take_packet()
        return first == b""

    def _line_between_packets(self) -> str:
        while (first := self._stream.read(1)) == b"$":
            self._take_packet()
        assert first, "the connection has ended"
        return (first + self._stream.readline()).decode().rstrip("\r\n")

    def _take_packet(self) -> None:
        head = self._stream.read(3)
        self.packets.append((head[0], self._stream.read(int.from_bytes(head[1:], "big"))))


def digest(
    answer: Answer, method: str, uri: str, token: str, *, user: str = "token", algorithm: str = "MD5", qop: bool = False
) -> str:
    """Return the header with which a client answers the challenge of an algorithm."""
    challenge = next(
        each for each in answer.headers["WWW-Authenticate"] if f"algorithm={algorithm}" in each.replace('"', "")
    )
    realm, nonce = (re.findall(f'{name}="([^"]*)"', challenge)[0] for name in ("realm", "nonce"))

    def hashed(text: str) -> str:
        return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()

    middle = f"{nonce}:00000001:c0ffee:auth" if qop else nonce
    response = hashed(f"{hashed(f'{user}:{realm}:{token}')}:{middle}:{hashed(f'{method}:{uri}')}")
    parts = [f'username="{user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"', f'response="{response}"']
    if algorithm != "MD5":
        parts.append(f'algorithm="{algorithm}"')
    if qop:
        parts += ["qop=auth", "nc=00000001", 'cnonce="c0ffee"']
    return f"Digest {', '.join(parts)}"
