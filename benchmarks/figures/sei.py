"""CPU time to put the predictions for a picture into it, ten boxes, once for all readers: at most 50 us.

Beside it, what the JSON of the event takes, which is made once for this and for the streams of predictions.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from random import Random

from cameras import BoundingBox, Detection
from streams import EncodedFrame, PredictionsEvent, VideoEncoder

from ..measuring import RATE, Finding, Findings, Program, at_most
from ..workloads import Inputs
from .frames import of_clip

BOXES, TARGET_US, ROUNDS = 10, 50.0, 5


def measure(_program: Program, inputs: Inputs) -> Findings:
    """Put boxes into each picture of the clip, as it is encoded for viewers."""
    chance, encoder = Random(1), VideoEncoder("h264", frame_rate=RATE)
    encoded = [(frame, packet) for frame in of_clip(inputs.clip) for packet in encoder.encode(frame)]
    json_us, message_us, added = [], [], []
    for _ in range(ROUNDS):
        pictures = [
            EncodedFrame(
                bytes(packet),
                "h264",
                packet.pts or 0,
                packet.is_keyframe,
                frame.width,
                frame.height,
                frame.captured_at,
                frame.sequence,
                event=PredictionsEvent.of("porch", frame.with_annotations(_boxes(chance))),
            )
            for frame, packet in encoded
        ]
        json_us.append(_each_us(lambda picture: picture.event and picture.event.json, pictures))
        message_us.append(_each_us(lambda picture: picture.with_event, pictures))
        added += [picture.with_event.size - picture.size for picture in pictures]
    beside = f"the JSON of the event: {statistics.median(json_us):.0f} us; adds {statistics.median(added):.0f} bytes"
    what = f"the event of {BOXES} boxes into a picture"
    return Findings([Finding(what, tuple(message_us), "us CPU per frame", beside, at_most(TARGET_US))])


def _each_us(call: Callable[[EncodedFrame], object], pictures: Iterable[EncodedFrame]) -> float:
    """Return the median time of a call."""
    times = []
    for picture in pictures:
        before_s = time.thread_time()
        call(picture)
        times.append(1e6 * (time.thread_time() - before_s))
    return statistics.median(times)


def _boxes(chance: Random) -> list[Detection]:
    boxes = []
    for number in range(BOXES):
        x, y = chance.uniform(0, 0.8), chance.uniform(0, 0.8)
        box = BoundingBox(x, y, x + chance.uniform(0.01, 0.2), y + chance.uniform(0.01, 0.2))
        boxes.append(
            Detection("person", chance.random(), box=box, track_id=number, transform="detections", service="coco")
        )
    return boxes
