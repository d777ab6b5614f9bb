"""Measurements of who watches: viewers of each kind, what they get, and what they lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from streams import EXITS

from ..core import Backend
from .family import Family

_VIEWERS = ("camera", "kind")
_OVER_RTP = ("webrtc", "rtsp")


def viewer_families(backend: Backend) -> Iterator[Family]:
    """Yield what is known of the viewers of each camera that the caller may use."""
    number = Family("camweave_viewers", "gauge", "Viewers now.", *_VIEWERS)
    rate = Family("camweave_viewers_bytes_per_second", "gauge", "What all viewers of a kind get now.", *_VIEWERS)
    loss = Family(
        "camweave_viewers_loss_ratio", "gauge", "Share of packets lost by the viewer who loses most.", *_VIEWERS
    )
    trip = Family("camweave_viewers_round_trip_seconds", "gauge", "Round trip to the farthest viewer.", *_VIEWERS)
    size = Family("camweave_sent_bytes", "counter", "Bytes sent to viewers.", *_VIEWERS)
    skipped = Family("camweave_skipped_frames", "counter", "Frames that slow viewers did not get.", *_VIEWERS)
    packets = Family("camweave_sent_packets", "counter", "RTP packets sent to viewers.", *_VIEWERS)
    missed = Family("camweave_nacked_packets", "counter", "RTP packets that viewers have missed (NACK).", *_VIEWERS)
    repeated = Family("camweave_repeated_packets", "counter", "RTP packets sent again.", *_VIEWERS)
    always = ("webrtc", *EXITS, *(() if backend.config.server.rtsp is None else ("rtsp",)))
    for camera in backend.public_cameras():
        name = camera.name
        kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in always}
        for session in backend.sessions(name):
            kinds.setdefault(session["kind"], []).append(session)
        for kind, sessions in kinds.items():
            number.add(len(sessions), name, kind)
            if sessions:
                rate.add(sum(each["bitrate"] or 0 for each in sessions) / 8, name, kind)
                loss.add(_largest(sessions, "loss"), name, kind)
                trip.add(_largest(sessions, "rtt_ms", 1 / 1000), name, kind)
        for kind, sent in backend.traffic(name).items():
            size.add(sent.size, name, kind)
            skipped.add(sent.skipped, name, kind)
            if kind in _OVER_RTP:
                packets.add(sent.packets, name, kind)
                missed.add(sent.missed, name, kind)
                repeated.add(sent.repeated, name, kind)
    yield from (number, rate, loss, trip, size, skipped, packets, missed, repeated)


def _largest(sessions: Sequence[dict[str, Any]], key: str, unit: float = 1.0) -> float | None:
    known = [session[key] for session in sessions if session[key] is not None]
    return max(known) * unit if known else None
