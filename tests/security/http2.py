"""Frames of HTTP/2, written by hand: what no client library would send."""

from __future__ import annotations

import socket
import struct

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION, ALTSVC = range(
    11
)
END_STREAM, END_HEADERS = 1, 4
CANCEL, ENHANCE_YOUR_CALM = 8, 11


def frame(kind: int, payload: bytes = b"", stream: int = 0, flags: int = 0) -> bytes:
    """Return one frame."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


BEGINNING = PREFACE + frame(SETTINGS)


def call(path: str, *more: tuple[str, str]) -> bytes:
    """Return the head of a call, compressed without the help of a table."""
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *more,
    ]
    encoded: bytes = hpack.Encoder().encode([(*field, True) for field in fields], huffman=False)
    return encoded


def goodbye(connection: socket.socket) -> int | None:
    """Read until the server closes; return the error code of its GOAWAY, ``None`` without one."""
    received = b""
    try:
        while data := connection.recv(1 << 20):
            received += data
    except ConnectionError:
        pass
    codes = [int.from_bytes(payload[4:8], "big") for kind, payload in frames_of(received) if kind == GOAWAY]
    return codes[-1] if codes else None


def frames_of(received: bytes) -> list[tuple[int, bytes]]:
    """Return type and payload of each complete frame."""
    found = []
    while len(received) >= 9 and len(received) >= (end := 9 + int.from_bytes(received[:3], "big")):
        found.append((received[3], received[9:end]))
        received = received[end:]
    return found


def fields(decoder: hpack.Decoder, head: bytes) -> dict[str, str]:
    """Return the fields of a compressed head."""
    return {str(name): str(value) for name, value in decoder.decode(head)}
