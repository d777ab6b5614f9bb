"""Recordings of a stream whose pictures carry predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av

from cameras import event_unit, with_event
from tests.cameras.videos import packets


def event(number: int, boxes: int = 3) -> dict[str, Any]:
    """Return the predictions event of a frame."""
    item = {"kind": "detection", "class_name": "größe", "confidence": 0.5}
    return {"camera": "porch", "sequence": number, "predictions": [item | {"x_min": box} for box in range(boxes)]}


def carrying(picture: bytes, event: dict[str, Any]) -> bytes:
    """Return a picture that carries an event."""
    return with_event(picture, event_unit(json.dumps(event).encode()))


@cache
def plain_pictures(number: int) -> tuple[bytes, ...]:
    """Return pictures in H.264, every fifth a key frame."""
    return tuple(packets("libx264", number, g="5", bf="0", tune="zerolatency")[0])


def write_recording(path: Path, pictures: Sequence[bytes], **options: str) -> Path:
    """Write pictures with start codes to a file, as tools do that copy a stream; the suffix says in which format."""
    raw = path.with_name(f"{path.name}.h264")
    raw.write_bytes(b"".join(pictures))
    with av.open(str(raw)) as source, av.open(str(path), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, picture in enumerate(pictures):
            packet = av.Packet(picture)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = number % 5 == 0
            target.mux(packet)
    raw.unlink()
    return path


def video_tags(stream: bytes) -> list[bytes]:
    """Return the whole tags with video of a stream in FLV, each with the size behind it."""
    at, tags = 13, []
    while at + 4 <= len(stream):
        end = at + 11 + int.from_bytes(stream[at + 1 : at + 4]) + 4
        if end > len(stream):
            break
        assert int.from_bytes(stream[end - 4 : end]) == end - 4 - at
        if stream[at] == 9:
            tags.append(stream[at:end])
        at = end
    return tags
