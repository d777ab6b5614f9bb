from __future__ import annotations

import os

import pylibsrtp
import pytest
from pylibsrtp import Policy, Session

from streams.rtp import Layout, SrtpError, self_test
from streams.rtp.packets import laid_out
from streams.rtp.srtp import SendBuffer

PROFILES = [(Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10), (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44, 16)]


@pytest.mark.parametrize(("profile", "key_bytes", "tag_bytes"), PROFILES)
def test_what_is_sealed_is_what_pylibsrtp_makes(profile: int, key_bytes: int, tag_bytes: int) -> None:
    key = os.urandom(key_bytes)
    ours, theirs = (Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)) for _ in "ab")
    buffer = SendBuffer()
    number = 65_534
    for payloads in ([b"a" * 500] * 4 + [b"rest"], [b"single"], [b"b" * 300] * 3):
        (call,) = laid_out(payloads, Layout(96, tag_bytes), 0.0, 0.0)
        sealed = bytes(buffer.sealed(call, ours, number, 9_000, 0xDEADBEEF))
        for at, payload in enumerate(payloads):
            head = bytes((0x80, 96 | 128 * (at == len(payloads) - 1)))
            plain = (
                head + ((number + at) & 0xFFFF).to_bytes(2, "big") + (9_000).to_bytes(4, "big") + b"\xde\xad\xbe\xef"
            )
            start = call.starts[at]
            assert sealed[start : start + len(head) + 10 + len(payload) + tag_bytes] == theirs.protect(plain + payload)
        number = (number + len(payloads)) & 0xFFFF


def test_a_packet_that_libsrtp_refuses_is_an_error() -> None:
    (call,) = laid_out([b"payload"], Layout(96, 10), 0.0, 0.0)
    with pytest.raises(SrtpError):
        SendBuffer().sealed(call, Session(), 0, 0, 1)  # without any key


def test_the_installed_pylibsrtp_has_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    self_test()
    monkeypatch.setattr("streams.rtp.srtp._lib", object())
    with pytest.raises(RuntimeError, match="pylibsrtp .* cannot be used: it has no object.srtp_protect"):
        self_test()
    assert pylibsrtp.__version__
