"""The frames of a WebSocket: the examples of RFC 6455, and what clients must not send."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from server.http.websocket_frames import (
    MESSAGE_BYTES,
    FrameReader,
    Message,
    Opcode,
    WebSocketError,
    accept_key,
    close_frame,
    frame,
)

MASK = bytes.fromhex("37fa213d")


def masked(first: int, data: bytes, mask: bytes = MASK) -> bytes:
    """Return a frame of a client, with its first byte."""
    length = len(data)
    if length < 126:
        head = bytes((first, 0x80 | length))
    elif length < 65536:
        head = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


def read(data: bytes) -> list[Message]:
    return list(FrameReader().messages(data))


def refusal(data: bytes) -> int:
    with pytest.raises(WebSocketError) as refused:
        read(data)
    assert len(refused.value.reason.encode()) <= 123
    return refused.value.code


def test_the_examples_of_the_standard() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert read(bytes.fromhex("818537fa213d7f9f4d5158")) == [Message(Opcode.TEXT, b"Hello")]
    assert frame(Opcode.TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    assert frame(Opcode.BINARY, bytes(256)) == bytes.fromhex("827e0100") + bytes(256)
    assert frame(Opcode.BINARY, bytes(65536)) == bytes.fromhex("827f0000000000010000") + bytes(65536)
    assert read(bytes.fromhex("898537fa213d7f9f4d5158")) == [Message(Opcode.PING, b"Hello")]


@pytest.mark.parametrize(
    "key", ["", "a", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ==\xff"]
)
def test_a_key_that_is_none(key: str) -> None:
    assert accept_key(key) is None


def test_the_parts_of_a_message_come_together_around_control_frames() -> None:
    data = (
        masked(0x01, b"one ") + masked(0x89, b"?") + masked(0x00, "zwö".encode()[:3]) + masked(0x80, "ö".encode()[1:])
    )
    assert read(data) == [Message(Opcode.PING, b"?"), Message(Opcode.TEXT, "one zwö".encode())]


def test_frames_may_arrive_in_any_pieces() -> None:
    sent = [bytes([number]) * size for number, size in enumerate([0, 1, 125, 126, 127, 1000, MESSAGE_BYTES])]
    data = b"".join(masked(0x82, each) for each in sent)
    for seed in range(20):
        cuts = sorted(random.Random(seed).choices(range(len(data) + 1), k=12))
        reader = FrameReader()
        pieces = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
        assert [message.data for piece in pieces for message in reader.messages(piece)] == sent


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bytes.fromhex("810548656c6c6f"), 1002),  # not masked
        (masked(0xC1, b"compressed"), 1002),
        (masked(0x83, b"kind 3"), 1002),
        (masked(0x80, b"continues nothing"), 1002),
        (masked(0x01, b"begins") + masked(0x81, b"begins again"), 1002),
        (masked(0x09, b"ping in parts"), 1002),
        (masked(0x89, bytes(126)), 1002),
        (masked(0x88, b"\x03"), 1002),
        (masked(0x88, (1005).to_bytes(2, "big")), 1002),
        (masked(0x88, (1000).to_bytes(2, "big") + b"\xff"), 1007),
        (masked(0x81, b"\xff"), 1007),
        (masked(0x82, bytes(MESSAGE_BYTES + 1)), 1009),
        (b"\x82\xff" + (1 << 63).to_bytes(8, "big"), 1009),
        (masked(0x02, bytes(MESSAGE_BYTES)) + masked(0x80, b"."), 1009),
    ],
)
def test_what_no_client_may_send(data: bytes, code: int) -> None:
    assert refusal(data) == code


def test_the_code_of_a_close() -> None:
    assert [message.code for message in read(masked(0x88, b"") + masked(0x88, b"\x03\xe9away"))] == [1005, 1001]
    assert close_frame(1000) == bytes.fromhex("880203e8")
    long = close_frame(1008, "é" * 100)
    assert len(long) == 2 + 2 + 122
    long[4:].decode()


def test_garbage_ends_in_messages_or_an_error() -> None:
    for seed in range(3000):
        generator = random.Random(seed)
        data = bytearray(masked(0x82, generator.randbytes(generator.randrange(200))) * 3)
        for _ in range(generator.randrange(4)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        try:
            read(bytes(data))
        except WebSocketError as error:
            assert error.code in (1002, 1007, 1009)
