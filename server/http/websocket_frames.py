"""The frames of a WebSocket (RFC 6455), as a server reads and writes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MESSAGE_BYTES = 4096
"""Largest message of a client. No endpoint wants more from it than a few words."""
REASON_BYTES = 123
"""Largest reason for a close: what a control frame has room for, without the code."""

_KEY_BYTES = 16
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_FIN, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_LENGTH_16, _LENGTH_64 = 126, 127
_CONTROL = 0x8  # of the opcode
_CONTROL_BYTES = 125
# Codes that a close frame may have (RFC 6455, 7.4, and IANA's registry): others stand for what no frame says.
_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class WebSocketError(Exception):
    """A client breaks the protocol.

    Args:
        code: The code to close the connection with.
        reason: What is wrong, at most ``REASON_BYTES`` long.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Message:
    """A message or a control frame of a client.

    Attributes:
        opcode: What it is; never ``CONTINUATION``.
        data: Its content. That of a text is valid UTF-8.
    """

    opcode: Opcode
    data: bytes

    @property
    def code(self) -> int:
        """The code of a close; 1005 if it has none."""
        return int.from_bytes(self.data[:2], "big") if self.data else 1005


class FrameReader:
    """Reads what a client sends, and puts the parts of messages together."""

    def __init__(self) -> None:
        self._unread = bytearray()
        self._opcode: Opcode | None = None  # of the message whose parts are coming
        self._parts = bytearray()

    def messages(self, data: bytes) -> Iterator[Message]:
        """Take bytes from the connection, and yield every message that they complete.

        Raises:
            WebSocketError: The client breaks the protocol, or its message is too large. Nothing more may be read then.
        """
        self._unread += data
        while (frame := self._next()) is not None:
            is_last, opcode, payload = frame
            if opcode & _CONTROL:
                yield _control(opcode, payload)
                continue
            if (opcode is Opcode.CONTINUATION) != (self._opcode is not None):
                raise WebSocketError(1002, "a part of a message that does not follow the others")
            self._opcode = self._opcode or opcode
            if len(self._parts) + len(payload) > MESSAGE_BYTES:
                raise _too_large()
            self._parts += payload
            if is_last:
                message = Message(self._opcode, bytes(self._parts))
                self._opcode = None
                self._parts.clear()
                if message.opcode is Opcode.TEXT:
                    _check_text(message.data)
                yield message

    def _next(self) -> tuple[bool, Opcode, bytes] | None:
        """Take the next frame: whether it is the last of its message, what it is, and its content."""
        unread = self._unread
        if len(unread) < 2:
            return None
        first, second = unread[0], unread[1]
        if first & _RESERVED:
            raise WebSocketError(1002, "reserved bits without an extension")
        try:
            opcode = Opcode(first & _OPCODE)
        except ValueError:
            raise WebSocketError(1002, "an unknown kind of frame") from None
        if not second & _MASKED:
            raise WebSocketError(1002, "a frame of a client that is not masked")
        length, start = second & _LENGTH, 2
        if opcode & _CONTROL and (length > _CONTROL_BYTES or not first & _FIN):
            raise WebSocketError(1002, "a control frame that is too long, or in parts")
        if length >= _LENGTH_16:
            start = 4 if length == _LENGTH_16 else 10
            if len(unread) < start:
                return None
            length = int.from_bytes(unread[2:start], "big")
        if length > MESSAGE_BYTES:
            raise _too_large()
        end = start + 4 + length
        if len(unread) < end:
            return None
        payload = _unmasked(bytes(unread[start + 4 : end]), bytes(unread[start : start + 4]))
        del unread[:end]
        return bool(first & _FIN), opcode, payload


def frame(opcode: Opcode, data: bytes) -> bytes:
    """Return a message in one frame, as a server sends it."""
    length = len(data)
    if length < _LENGTH_16:
        head = bytes((_FIN | opcode, length))
    elif length < 1 << 16:
        head = bytes((_FIN | opcode, _LENGTH_16)) + length.to_bytes(2, "big")
    else:
        head = bytes((_FIN | opcode, _LENGTH_64)) + length.to_bytes(8, "big")
    return head + data


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a frame that closes; a reason that is too long is cut."""
    words = reason.encode()[:REASON_BYTES].decode(errors="ignore")
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + words.encode())


def accept_key(key: str) -> str | None:
    """Return the answer to ``Sec-WebSocket-Key``; ``None`` if that is none."""
    try:
        if len(base64.b64decode(key, validate=True)) != _KEY_BYTES:
            return None
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def _unmasked(data: bytes, mask: bytes) -> bytes:
    length = len(data)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")


def _control(opcode: Opcode, payload: bytes) -> Message:
    message = Message(opcode, payload)
    if opcode is Opcode.CLOSE and payload:
        if len(payload) == 1 or message.code not in _CODES:
            raise WebSocketError(1002, "a close with a code that does not exist")
        _check_text(payload[2:])
    return message


def _check_text(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        raise WebSocketError(1007, "a text that is not UTF-8") from None


def _too_large() -> WebSocketError:
    return WebSocketError(1009, f"a message may have at most {MESSAGE_BYTES} bytes")
