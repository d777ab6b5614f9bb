"""The messages of an RTSP connection: requests, answers, and packets between them (RFC 2326)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import REASONS, RtspError

LINES_MAX = 100
"""Most header lines of a request."""
BODY_MAX = 65_536
"""Most bytes of a request's body: parameters, which are some words."""
DETAIL_MAX = 200
"""Most characters of what an answer says beside the reason of its status."""

_DOLLAR = 0x24
_PACKET_HEAD = 4
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_END_BYTES = 4  # at most
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}")
_UNSAFE = re.compile(r"[^ -~]")


@dataclass(frozen=True)
class RtspRequest:
    """A request of a client.

    Attributes:
        method: Its method, such as ``SETUP``.
        url: Its URL as it came, or ``*``.
        headers: Its headers by their names in small letters; the values of repeated ones are joined with commas.
        body: Its body.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def session(self) -> str:
        """The session that it names; empty without one."""
        return self.headers.get("session", "").partition(";")[0].strip()


@dataclass(frozen=True)
class RtspPacket:
    """A packet between the messages of a connection.

    Attributes:
        channel: The number of its channel.
        data: The packet.
    """

    channel: int
    data: bytes


class MalformedRtsp(RtspError):
    """What came is not a request, or too large; where the next message begins is unknown.

    Attributes:
        sequence: The ``CSeq`` of the request, as far as it could be read.
    """

    sequence: str | None = None


class RtspMessages:
    """Cuts the bytes of a connection into messages.

    Lines may end with LF or CR alone, header lines may be folded, and empty lines may come between messages: clients do
    so. Answers of a client are skipped, since nobody asks it anything.

    Args:
        head_bytes: Most bytes of the head of a request.
    """

    def __init__(self, head_bytes: int) -> None:
        self._head_bytes = head_bytes
        self._buffer = bytearray()
        # What is known of an incomplete message, so that one which comes byte by byte is not read again with each.
        self._searched = 0  # bytes in which its head does not end
        self._wanted = 0  # bytes without which it is not complete

    def __len__(self) -> int:
        """Return the number of bytes that have come and are not read yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes; :meth:`next` has the messages."""
        self._buffer += data

    def next(self) -> RtspRequest | RtspPacket | None:
        """Return the next message; ``None`` if it is not complete.

        Raises:
            MalformedRtsp: No message begins here, or it is too large. Nothing more can be read.
        """
        while True:
            buffer = self._buffer
            if buffer.startswith((b"\r", b"\n")):
                del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
            if not buffer:
                return None
            if buffer[0] == _DOLLAR:
                return self._packet()
            message = self._message()
            if message is None or isinstance(message, RtspRequest):
                return message

    def _packet(self) -> RtspPacket | None:
        buffer = self._buffer
        if len(buffer) < _PACKET_HEAD:
            return None
        end = _PACKET_HEAD + int.from_bytes(buffer[2:4], "big")
        if len(buffer) < end:
            return None
        packet = RtspPacket(buffer[1], bytes(buffer[_PACKET_HEAD:end]))
        del buffer[:end]
        return packet

    def _message(self) -> RtspRequest | bool | None:
        """Return the next request; true for an answer, which is skipped."""
        buffer = self._buffer
        if len(buffer) < self._wanted:
            return None
        found = _END_OF_HEAD.search(buffer, max(self._searched - _END_BYTES, 0), self._head_bytes + _END_BYTES)
        if found is None:
            if len(buffer) > self._head_bytes:
                raise MalformedRtsp(413, f"the head of a request may have at most {self._head_bytes} bytes")
            self._searched = len(buffer)
            return None
        start, *lines = _unfolded(bytes(buffer[: found.start()]).decode("utf-8", "replace"))
        headers = _headers(lines)
        try:
            length = _length(headers.get("content-length", "0"))
            if len(buffer) < found.end() + length:
                self._searched, self._wanted = found.start(), found.end() + length
                return None
            request = start.startswith("RTSP/") or _request(start, headers, bytes(buffer[found.end() :][:length]))
        except MalformedRtsp as error:
            error.sequence = headers.get("cseq")
            raise
        del buffer[: found.end() + length]
        self._searched = self._wanted = 0
        return request


def rtsp_answer(
    status: int,
    sequence: str | None,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    detail: str = "",
) -> bytes:
    """Return an answer.

    Args:
        status: A key of :data:`REASONS`.
        sequence: The ``CSeq`` of the request; ``None`` if it is unknown.
        headers: Further headers.
        body: The body.
        detail: What to say beside the reason of the status: players show this line.
    """
    detail = _UNSAFE.sub("?", detail)[:DETAIL_MAX]
    lines = [f"RTSP/1.0 {status} {REASONS[status]}{f' ({detail})' if detail else ''}"]
    if sequence is not None:
        lines.append(f"CSeq: {sequence}")
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _unfolded(head: str) -> list[str]:
    """Return the lines of a head; a line that begins with a space continues the one before."""
    lines: list[str] = []
    for line in re.split("\r\n?|\n", head):
        if line[:1] in (" ", "\t") and lines:
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    return lines


def _headers(lines: Sequence[str]) -> dict[str, str]:
    if len(lines) > LINES_MAX:
        raise MalformedRtsp(413, f"a request may have at most {LINES_MAX} header lines, got {len(lines)}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise MalformedRtsp(400, f'Content-Length must be a number, got "{text[:20]}"')
    if int(text) > BODY_MAX:
        raise MalformedRtsp(413, f"the body of a request may have at most {BODY_MAX} bytes, got {text}")
    return int(text)


def _request(start: str, headers: Mapping[str, str], body: bytes) -> RtspRequest:
    method, _, rest = start.partition(" ")
    url, _, version = rest.strip().rpartition(" ")
    if not _METHOD.fullmatch(method) or not url or not re.fullmatch(r"RTSP/[0-9]\.[0-9]", version):
        raise MalformedRtsp(400, "this is not an RTSP request, such as: OPTIONS rtsp://host/camera RTSP/1.0")
    if version != "RTSP/1.0":
        raise MalformedRtsp(505, f"this server speaks RTSP/1.0, got {version}")
    if not re.fullmatch("[0-9]{1,10}", headers.get("cseq", "")):
        raise MalformedRtsp(400, "a request needs a CSeq with a number")
    return RtspRequest(method, url.strip(), headers, body)
