"""SRTP in place: the packets of one system call in one buffer.

pylibsrtp's own methods copy each packet twice. This calls the functions of libsrtp that they call.
"""

from __future__ import annotations

import struct
from typing import Any

from pylibsrtp import Session
from pylibsrtp import _binding as binding

from cameras import require_internals

from .limits import PACKET_MAX
from .packets import CALL_BYTES_MAX, CALL_PACKETS_MAX, Call

_ffi, _lib = binding.ffi, binding.lib
_OK = _lib.srtp_err_status_ok
_pack = struct.Struct("!HII").pack_into  # sequence number, time and source, from the third byte on

_SEGMENT_SIZES_MAX = 8


class SrtpError(Exception):
    """libsrtp refuses a packet, as after 2 ** 48 of them."""


class SendBuffer:
    """The memory in which packets become SRTP before they leave. All viewers of an event loop share one."""

    def __init__(self) -> None:
        self._memory = _ffi.new("char[]", CALL_BYTES_MAX + 2 * PACKET_MAX)
        self._view = memoryview(_ffi.buffer(self._memory)).cast("B")
        self._length = _ffi.new("int *")
        self._pointers: dict[int, list[Any]] = {}

    def sealed(self, call: Call, session: Session, sequence_number: int, timestamp: int, source: int) -> memoryview:
        """Return the packets of a call as one viewer gets them, one after another; valid until the next call.

        Args:
            call: The packets.
            session: The outgoing session of the viewer.
            sequence_number: Sequence number of the first packet.
            timestamp: Their time, in ticks of the RTP clock.
            source: Their SSRC.

        Raises:
            SrtpError: libsrtp refuses a packet.
        """
        view, length, protect, srtp = self._view, self._length, _lib.srtp_protect, session._srtp[0]
        view[: len(call.data)] = call.data
        pointers = self._pointers.get(call.segment_bytes) or self._addresses(call.segment_bytes, len(call.packets))
        for (start, size), pointer in zip(call.packets, pointers, strict=False):
            _pack(view, start + 2, sequence_number, timestamp, source)
            sequence_number = (sequence_number + 1) & 0xFFFF
            length[0] = size
            if protect(srtp, pointer, length) != _OK:
                raise SrtpError("libsrtp cannot protect a packet")
        return view[: len(call.data)]

    def _addresses(self, segment_bytes: int, number: int) -> list[Any]:
        """Return where packets of a size begin; kept for the size of most packets, and a few others."""
        keeps = number > 1 and len(self._pointers) < _SEGMENT_SIZES_MAX
        addresses = [self._memory + at * segment_bytes for at in range(CALL_PACKETS_MAX if keeps else number)]
        if keeps:
            self._pointers[segment_bytes] = addresses
        return addresses


def self_test() -> None:
    """Check that what is used of pylibsrtp exists.

    Raises:
        UnsuitableLibrary: The installed pylibsrtp lacks some; the message names it.
    """
    require_internals("pylibsrtp", [(_lib, "srtp_protect"), (_ffi, "buffer"), (Session(), "_srtp")])
