"""A script: the least that a Python program does to send video to many viewers, for `fanout` to stand beside.

For each receiver and packet: a header, the payload, SRTP in place, ``sendto``; all packets of a frame at once, thirty
times a second. It prints the CPU seconds that it took and the number of packets.
"""

from __future__ import annotations

import argparse
import os
import socket
import struct
import time
from typing import Any

import pylibsrtp
from pylibsrtp import Policy, Session

HEADER = struct.Struct("!BBHLLHHBBBBBBBB")
"""RTP with two extensions of one byte (RFC 8285): mid, and the time of sending."""
TAG = 16
"""The longest that SRTP appends."""
_EXTENSIONS, _MARKER = 0xBEDE, 0x80
_PROFILES = {
    "SRTP_AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "SRTP_AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
_BINDING: Any = pylibsrtp  # libsrtp's own functions, which write in place, are not part of its interface


class Receiver:
    """One receiver, with a socket and a key of its own."""

    def __init__(self, port: int, profile: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.address = ("127.0.0.1", port)
        self.ssrc = int.from_bytes(os.urandom(4), "big")
        policy = Policy(key=os.urandom(64), ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        self.session: Any = Session(policy)  # owns what srtp points to
        self.srtp: Any = self.session._srtp[0]


def main() -> None:
    """Send as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("ports", help="of the receivers, with commas between them")
    parser.add_argument("--profile", choices=_PROFILES)
    parser.add_argument("--packets", type=int, help="of a frame")
    parser.add_argument("--size", type=int, help="bytes of a payload")
    parser.add_argument("--frames", type=int, help="in all")
    parser.add_argument("--rate", type=int, help="frames per second")
    options = parser.parse_args()
    receivers = [Receiver(int(port), _PROFILES[options.profile]) for port in options.ports.split(",")]
    spent_s = send(receivers, options.packets, options.size, options.frames, options.rate)
    print(spent_s, options.frames * options.packets * len(receivers))


def send(receivers: list[Receiver], number: int, size: int, frames: int, rate: int) -> float:
    """Send frames of so many packets with so many bytes, and return the CPU seconds."""
    new, protect = _BINDING.ffi.new, _BINDING.lib.srtp_protect
    buffer = new("char[]", HEADER.size + size + TAG)
    view, length = memoryview(_BINDING.ffi.buffer(buffer)), new("int *")
    payload = slice(HEADER.size, HEADER.size + size)
    sequence, began_s, spent_s = 0, time.monotonic(), time.thread_time()
    for frame in range(frames):
        time.sleep(max(began_s + frame / rate - time.monotonic(), 0))
        payloads = [os.urandom(16) + bytes(size - 16) for _ in range(number)]
        sent = int(time.time() * (1 << 18)) & 0xFFFFFF
        high, middle, low = sent >> 16, sent >> 8 & 255, sent & 255
        for receiver in receivers:
            for index, data in enumerate(payloads):
                marker = _MARKER if index == number - 1 else 0
                HEADER.pack_into(
                    view, 0, 0x90, 96 | marker, (sequence + index) & 0xFFFF, frame * 3000, receiver.ssrc,
                    _EXTENSIONS, 2, 0x10, 48, 0x22, high, middle, low, 0, 0,
                )  # fmt: skip
                view[payload] = data
                length[0] = HEADER.size + size
                if protect(receiver.srtp, buffer, length):
                    raise RuntimeError("libsrtp has failed")
                receiver.socket.sendto(view[: length[0]], receiver.address)
        sequence += number
    return time.thread_time() - spent_s


if __name__ == "__main__":
    main()
