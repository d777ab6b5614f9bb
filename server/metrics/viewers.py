"""Measurements of who watches: viewers of each kind, what they get, and what they lose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from streams import EXITS

from ..core import Backend
from .family import Family

_VIEWERS = ("camera", "kind")
_KINDS = ("webrtc", *EXITS)
"""Kinds that are counted also while there are none, as ``sessions`` in ``/api/cameras`` calls them."""


def viewer_families(backend: Backend) -> Iterator[Family]:
    """Yield what is known of the viewers of each camera that the caller may use."""
    number = Family("camweave_viewers", "gauge", "Viewers now.", *_VIEWERS)
    rate = Family("camweave_viewers_bytes_per_second", "gauge", "What all viewers of a kind get now.", *_VIEWERS)
    loss = Family(
        "camweave_viewers_loss_ratio", "gauge", "Share of packets lost by the viewer who loses most.", *_VIEWERS
    )
    trip = Family("camweave_viewers_round_trip_seconds", "gauge", "Round trip to the farthest viewer.", *_VIEWERS)
    packets = Family("camweave_rtp_packets", "counter", "Packets sent to viewers over WebRTC.", "camera")
    size = Family("camweave_rtp_bytes", "counter", "Bytes of their payloads.", "camera")
    missed = Family("camweave_rtp_nacked_packets", "counter", "Packets that viewers have missed (NACK).", "camera")
    repeated = Family("camweave_rtp_repeated_packets", "counter", "Packets sent again.", "camera")
    dropped = Family("camweave_rtp_dropped_frames", "counter", "Frames without room in a viewer's socket.", "camera")
    for camera in backend.public_cameras():
        name = camera.name
        kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for session in backend.sessions(name):
            kinds[session["kind"]].append(session)
        for kind in dict.fromkeys((*_KINDS, *kinds)):
            number.add(len(kinds[kind]), name, kind)
        for kind, sessions in kinds.items():
            if sessions:
                rate.add(sum(each["bitrate"] or 0 for each in sessions) / 8, name, kind)
                loss.add(_largest(sessions, "loss"), name, kind)
                trip.add(_largest(sessions, "rtt_ms", 1 / 1000), name, kind)
        traffic = backend.whep.traffic(name)
        for family, count in zip((packets, size, missed, repeated, dropped), traffic, strict=True):
            family.add(count, name)
    yield from (number, rate, loss, trip, packets, size, missed, repeated, dropped)


def _largest(sessions: Sequence[dict[str, Any]], key: str, unit: float = 1.0) -> float | None:
    known = [session[key] for session in sessions if session[key] is not None]
    return max(known) * unit if known else None
