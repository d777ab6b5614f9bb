"""Messages in H.264 (SEI), among them the one with the predictions for its picture.

That message is ``user_data_unregistered``: a UUID, a byte of version, and the predictions event as JSON, plain in
version 1, compressed by zlib in version 2. Tools that copy a stream keep it, and decoders ignore it.
"""

from __future__ import annotations

import json
import math
import re
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

EVENT_UUID = uuid.UUID("63616d77-6561-7665-8000-000000000001").bytes
MESSAGE_BYTES_MAX = 64_000
"""Most bytes of a message, with its UUID."""

PLAIN_BYTES_MAX = 300
"""Longest JSON that is not compressed."""

JSON_BYTES_MAX = 4_000_000
"""Longest JSON of an event; so much compressed text may a reader have to hold."""

_PLAIN, _COMPRESSED = 1, 2
_LEVEL = 1  # of zlib: the default takes twice the time for a tenth fewer bytes
_START = b"\x00\x00\x01"
_MESSAGE, _USER_DATA = 6, 5
_END = b"\x80"
_KIND = 0x1F
_EMULATION = re.compile(rb"\x00\x00(?=[\x00-\x03])")
_PREVENTED = b"\x00\x00\x03"
_SLICES = bytes(importance | kind for importance in (0, 0x20, 0x40, 0x60) for kind in (1, 2, 5))
_SLICE = re.compile(_START + b"[" + re.escape(_SLICES) + b"]")


def messages(unit: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of each message in a unit of messages; a cut one as far as it goes.

    Args:
        unit: The unit, without its start code.
    """
    data = unit[1:].replace(_PREVENTED, b"\x00\x00")
    at, end = 0, len(data) - data.endswith(_END)
    while at < end:
        kind, at = _number(data, at)
        size, at = _number(data, at)
        yield kind, data[at : at + size]
        at += size


def user_data(packet: bytes, length_bytes: int = 0) -> Iterator[bytes]:
    """Yield the contents of the messages of kind ``user_data_unregistered`` in a packet of H.264.

    Args:
        packet: The packet. One that is damaged is read as far as it goes.
        length_bytes: Bytes of the length before each unit, as MP4 and FLV have it; 0 for start codes.
    """
    for unit in _with_lengths(packet, length_bytes) if length_bytes else _with_start_codes(packet):
        for kind, content in messages(unit):
            if kind == _USER_DATA:
                yield content


def with_event(picture: bytes, unit: bytes) -> bytes:
    """Return a picture with a predictions event before its first slice, in place of any that it has.

    Args:
        picture: The picture in H.264, with start codes, which stay as they are.
        unit: The unit with the event, from :func:`event_unit`.
    """
    if _EVENT_UUID_IN_UNIT in picture:
        picture = _without_events(picture)
    found = _SLICE.search(picture)
    if found is None:
        return picture
    at = _start_of_code(picture, found.start())
    return b"".join((picture[:at], unit, picture[at:]))


def event_unit(event: bytes) -> bytes:
    """Return the unit with a predictions event, with its start code; nothing if the event is too large.

    Args:
        event: The event as JSON.
    """
    if len(event) <= PLAIN_BYTES_MAX:
        content = bytes((_PLAIN,)) + event
    elif len(event) <= JSON_BYTES_MAX:
        content = bytes((_COMPRESSED,)) + zlib.compress(event, _LEVEL)
    else:
        return b""
    size = len(EVENT_UUID) + len(content)
    if size > MESSAGE_BYTES_MAX:
        return b""
    head = bytes((_MESSAGE, _USER_DATA)) + b"\xff" * (size // 255) + bytes((size % 255,))
    return b"\x00" + _START + _escaped(head + EVENT_UUID + content + _END)


def read_event(content: bytes) -> dict[str, Any] | None:
    """Return the predictions event in the content of a message; ``None`` if it is the message of another program.

    Args:
        content: What follows the size of a ``user_data_unregistered``. FFmpeg's decoders attach it to the frame, as
            side data of the type ``SEI_UNREGISTERED``.

    Raises:
        ValueError: The message is damaged, or of a newer version.
    """
    if not content.startswith(EVENT_UUID):
        return None
    version, text = content[16:17], content[17:]
    if version == bytes((_COMPRESSED,)):
        text = _inflated(text)
    elif version != bytes((_PLAIN,)):
        raise ValueError(f"version {version.hex() or 'missing'}, wanted 1 or 2")
    try:
        event = json.loads(text.decode(), parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    if not isinstance(event, dict):
        raise ValueError(f"got a {type(event).__name__}, wanted a JSON object")
    return event


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, JSON_BYTES_MAX)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not inflater.eof:
        raise ValueError(f"cut, or longer than {JSON_BYTES_MAX} bytes")
    return text


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused(text)


def _refused(text: str) -> float:
    raise ValueError(f"got {text}, which JSON does not have")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it."""
    number = 0
    while data[at : at + 1] == b"\xff":
        number, at = number + 255, at + 1
    return number + int.from_bytes(data[at : at + 1]), at + 1


def _escaped(unit: bytes) -> bytes:
    """Return a unit so that nothing in it looks like a start code."""
    return _EMULATION.sub(_PREVENTED, unit)


_EVENT_UUID_IN_UNIT = _escaped(EVENT_UUID)


def _without_events(picture: bytes) -> bytes:
    """Return a picture without the units that have a predictions event, as a camera's own stream may have them."""
    kept, done = [], 0
    at = picture.find(_EVENT_UUID_IN_UNIT)
    while at >= 0:
        code, following = picture.rfind(_START, done, at), picture.find(_START, at)
        end = len(picture) if following < 0 else _start_of_code(picture, following)
        if code >= 0 and picture[code + 3] & _KIND == _MESSAGE:
            kept.append(picture[done : _start_of_code(picture, code)])
            done = end
        at = picture.find(_EVENT_UUID_IN_UNIT, end)
    return b"".join((*kept, picture[done:]))


def _start_of_code(picture: bytes, at: int) -> int:
    """Return where a start code begins, of four bytes or of three."""
    return at - 1 if at and not picture[at - 1] else at


def _with_start_codes(packet: bytes) -> Iterator[bytes]:
    at = packet.find(_START)
    while at >= 0:
        begin = at + 3
        at = packet.find(_START, begin)
        if packet[begin : begin + 1] == bytes((_MESSAGE,)):
            yield packet[begin:] if at < 0 else packet[begin:at]


def _with_lengths(packet: bytes, length_bytes: int) -> Iterator[bytes]:
    at = 0
    while at < len(packet):
        begin = at + length_bytes
        at = begin + int.from_bytes(packet[at:begin])
        if packet[begin : begin + 1] == bytes((_MESSAGE,)):
            yield packet[begin:at]
