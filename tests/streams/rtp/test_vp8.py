from __future__ import annotations

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor

from streams.rtp import vp8_payloads
from streams.rtp.limits import PAYLOAD_MAX


@pytest.mark.parametrize("size", [1, PAYLOAD_MAX - 1, PAYLOAD_MAX, 10_000])
def test_a_frame_of_any_size_arrives_whole(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    payloads = vp8_payloads(data)
    parsed = [VpxPayloadDescriptor.parse(payload) for payload in payloads]
    assert b"".join(rest for _, rest in parsed) == data
    assert [descriptor.partition_start for descriptor, _ in parsed] == [1, *[0] * (len(parsed) - 1)]
    assert {len(payload) for payload in payloads[:-1]} <= {PAYLOAD_MAX}
