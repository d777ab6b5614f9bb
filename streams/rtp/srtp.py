"""SRTP in place, or plain RTP: the packets of one system call in one buffer.

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
        lengths = _ffi.new("int[]", CALL_PACKETS_MAX)  # libsrtp reads the length of a packet and writes the new one
        self._lengths = memoryview(_ffi.buffer(lengths)).cast("B")
        self._length_pointers = [lengths + at for at in range(CALL_PACKETS_MAX)]
        self._owned = lengths  # pointers into it do not keep it
        self._pointers: dict[int, list[Any]] = {}

    def sealed(
        self, call: Call, session: Session | None, sequence_number: int, timestamp: int, source: int
    ) -> memoryview:
        """Return the packets of a call as one viewer gets them, one after another; valid until the next call.

        Args:
            call: The packets.
            session: The outgoing session of the viewer; ``None`` leaves the packets plain.
            sequence_number: Sequence number of the first packet.
            timestamp: Their time, in ticks of the RTP clock.
            source: Their SSRC.

        Raises:
            SrtpError: libsrtp refuses a packet.
        """
        view, starts = self._view, call.starts
        end = len(call.data)
        view[:end] = call.data
        if session is None:
            for start in starts:
                _pack(view, start + 2, sequence_number, timestamp, source)
                sequence_number = (sequence_number + 1) & 0xFFFF
            return view[:end]
        protect, srtp = _lib.srtp_protect, session._srtp[0]
        self._lengths[: len(call.lengths)] = call.lengths
        pointers = self._pointers.get(call.segment_bytes) or self._addresses(call)
        for start, pointer, length in zip(starts, pointers, self._length_pointers, strict=False):
            _pack(view, start + 2, sequence_number, timestamp, source)
            if protect(srtp, pointer, length) != _OK:
                raise SrtpError("libsrtp cannot protect a packet")
            sequence_number = (sequence_number + 1) & 0xFFFF
        return view[:end]

    def _addresses(self, call: Call) -> list[Any]:
        """Return where the packets of a call begin; kept for the size of most packets, and a few others."""
        number, size = len(call.starts), call.segment_bytes
        keeps = number > 1 and len(self._pointers) < _SEGMENT_SIZES_MAX
        addresses = [self._memory + at * size for at in range(CALL_PACKETS_MAX if keeps else number)]
        if keeps:
            self._pointers[size] = addresses
        return addresses


def self_test() -> None:
    """Check that what is used of pylibsrtp exists.

    Raises:
        UnsuitableLibrary: The installed pylibsrtp lacks some; the message names it.
    """
    require_internals("pylibsrtp", [(_lib, "srtp_protect"), (_ffi, "buffer"), (Session(), "_srtp")])
