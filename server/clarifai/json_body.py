"""A JSON body whose long strings are set aside while it arrives.

Parsed as a whole, a body of a hundred megabytes would stop the event loop: the parser holds the interpreter's lock, and
makes an object of every comma. What is left without the long strings, which are the pictures, is small.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from typing import Any

from ..core import TooLarge, too_large

REST_BYTES_MAX = 500_000
"""Most bytes of a body without its long strings: 128 inputs with their names have a tenth of it."""
STRING_BYTES_MAX = 4096
"""A longer string is set aside."""

_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_STEP = 1 << 20  # a multiple of four
_SPACE = b" \t\r\n"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class NotBase64(ValueError):
    """A text is not base64."""


class JsonBody:
    """Reads the chunks of a body as they arrive, and then parses what is left."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)
        self._rest = bytearray()
        self._strings: list[list[bytes]] = []
        self._inside = False  # a string
        self._escaped = False
        self._length = 0  # of the string so far
        self._aside: list[bytes] | None = None

    def add(self, chunk: bytes) -> None:
        """Read the next chunk.

        Raises:
            TooLarge: The body without its long strings is too large.
        """
        at = 0
        while at < len(chunk):
            if not self._inside:
                quote = chunk.find(b'"', at)
                end = len(chunk) if quote < 0 else quote + 1
                self._rest += chunk[at:end]
                at = end
                if quote >= 0:
                    self._inside, self._length, self._aside = True, 0, None
            else:
                at = self._add_string(chunk, at)
            if len(self._rest) > REST_BYTES_MAX:
                size = f"{REST_BYTES_MAX // 1000} kB"
                raise TooLarge(f"a request must be under {size} besides the base64 of its pictures")

    def _add_string(self, chunk: bytes, at: int) -> int:
        """Read on inside a string; return where it ends, or the end of the chunk."""
        began = at
        if self._escaped:
            self._escaped = False
            at += 1
        found = _IN_STRING.match(chunk, at)
        at = found.end() if found else at
        ended = at < len(chunk) and chunk[at : at + 1] == b'"'
        if at < len(chunk) and not ended:  # a backslash at the end
            self._escaped = True
            at += 1
        self._keep(chunk[began:at])
        if ended:
            self._inside = False
            self._rest += b'"'
            at += 1
        return at

    def _keep(self, part: bytes) -> None:
        self._length += len(part)
        if self._aside is not None:
            self._aside.append(part)
            return
        self._rest += part
        if self._length > STRING_BYTES_MAX:
            self._aside = [bytes(self._rest[-self._length :])]
            self._rest[-self._length :] = f"{self._mark}{len(self._strings)}".encode()
            self._strings.append(self._aside)

    def parsed(self) -> Any:
        """Return the content, with a mark in place of each long string.

        Raises:
            UnicodeError: A text in it is not Unicode, such as half of a surrogate pair. Protobuf fails with
                ``SystemError`` at some of these.
            ValueError: The body is not JSON.
            RecursionError: It is nested too deeply.
        """
        read = json.loads(bytes(self._rest) or b"{}")
        json.dumps(read, ensure_ascii=False).encode()
        return read

    def bytes_of(self, text: str, limit: int) -> bytes:
        """Return the bytes that a string of the content encodes in base64, or that the string behind a mark encodes.

        Line breaks (the ``base64`` command adds them), both alphabets and missing padding are valid.

        Raises:
            NotBase64: It is not base64, or is incomplete.
            TooLarge: It has more than ``limit`` bytes.
        """
        parts = self._set_aside(text)
        if parts is None:
            parts = [text.replace("\\", "?").encode(errors="replace")]  # its escapes have been read already
        if sum(map(len, parts)) > 2 * limit:  # a third more than the bytes, and room for line breaks
            raise too_large("a picture", limit)
        return _decoded(parts)

    def beginning(self, text: str) -> str:
        """Return the beginning of a string of the content, or of the string behind a mark."""
        parts = self._set_aside(text)
        return text if parts is None else b"".join(parts)[: STRING_BYTES_MAX + 1].decode(errors="replace")

    def _set_aside(self, text: str) -> list[bytes] | None:
        number = text.removeprefix(self._mark)
        return self._strings[int(number)] if number != text else None


def _decoded(parts: list[bytes]) -> bytes:
    """Return the bytes of base64 in parts. Each step is short, so that it holds no other thread up."""
    text = bytearray()
    held = b""
    for part in parts:
        raw = held + part
        escape = raw.rfind(b"\\", max(len(raw) - 6, 0))  # it may go on in the next part
        held = b"" if escape < 0 else raw[escape:]
        text += _plain(raw if escape < 0 else raw[:escape])
    text += _plain(held)
    size = len(text.rstrip(b"="))
    if len(text) - size > 2 or size % 4 == 1:
        raise NotBase64
    del text[size:]
    text += b"=" * (-size % 4)
    try:
        return b"".join(base64.b64decode(text[at : at + _STEP], validate=True) for at in range(0, len(text), _STEP))
    except ValueError:
        raise NotBase64 from None


def _plain(raw: bytes) -> bytes:
    """Return text without escapes, spaces and the alphabet for URLs."""
    if b"\\" in raw:
        raw = _ESCAPE.sub(_unescaped, raw)
    return raw.translate(_TO_STANDARD, _SPACE)


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        code = int(found[1], 16)
        return bytes([code]) if code < 128 else b"?"
    return _ESCAPED.get(found[2], found[2])
