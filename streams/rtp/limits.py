"""The sizes of packets."""

from __future__ import annotations

PACKET_MAX = 1232
"""Most bytes of a UDP datagram: what fits into the least MTU of IPv6 (1280) with the headers of IPv6 and UDP."""

OVERHEAD_MAX = 54
"""Most bytes of a packet beside its payload: RTP header (12), extensions (24), the number of a packet that is sent
again (2), and the tag of SRTP (16)."""

PAYLOAD_MAX = PACKET_MAX - OVERHEAD_MAX
"""Most bytes of a payload."""
