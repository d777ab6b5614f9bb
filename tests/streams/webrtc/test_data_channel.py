"""The data channel of a viewer: what it tells, when, and that nothing waits in it."""

from __future__ import annotations

import json
from collections import deque
from types import SimpleNamespace
from typing import Any, cast

from aiortc import RTCDataChannel

from cameras import Classification
from streams import EncodedFrame, PredictionsEvent
from streams.webrtc.data_channel import PredictionsChannel
from streams.webrtc.internals import INITIAL_WINDOW


class Channel:
    """A data channel that notes what is sent."""

    def __init__(self, label: str = "predictions") -> None:
        self.label = label
        self.readyState = "open"
        self.bufferedAmount = 0
        self.transport = SimpleNamespace(_outbound_queue=deque[object](), _flight_size=1000, _cwnd=3480)
        self.sent: list[dict[str, Any]] = []

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


def frame(number: int, *labels: str) -> EncodedFrame:
    found = tuple(Classification(label, 0.5) for label in labels)
    event = PredictionsEvent("porch", number, number / 30, 0.0, 64, 48, True, found)
    return EncodedFrame(b"data", "h264", number * 3000, True, 64, 48, 0.0, sequence=number, event=event)


def opened() -> tuple[PredictionsChannel, Channel]:
    predictions, channel = PredictionsChannel(), Channel()
    assert predictions.take(cast(RTCDataChannel, channel))
    return predictions, channel


def test_a_message_has_the_event_and_the_timestamp_of_its_picture() -> None:
    predictions, channel = opened()
    predictions.send(frame(7, "star"), 4_294_967_295)
    (message,) = channel.sent
    event = frame(7, "star").event
    assert event is not None
    assert message == {**json.loads(event.json), "rtp_timestamp": 4_294_967_295}


def test_the_first_frame_without_predictions_is_told_and_no_other() -> None:
    predictions, channel = opened()
    for number, labels in enumerate([(), ("star",), ("mug", "ball"), (), (), ("star",)]):
        predictions.send(frame(number, *labels), number)
    assert [(told["sequence"], len(told["predictions"])) for told in channel.sent] == [(1, 1), (2, 2), (3, 0), (5, 1)]
    assert predictions.sent == 4


def test_a_message_without_room_is_dropped_and_the_end_of_the_predictions_is_told_later() -> None:
    predictions, channel = opened()
    predictions.send(frame(0, "star"), 0)
    channel.bufferedAmount = INITIAL_WINDOW - 1000
    predictions.send(frame(1, "star"), 1)
    predictions.send(frame(2), 2)
    channel.bufferedAmount -= 1  # of the frame before, in the same turn of the loop
    channel.transport._outbound_queue.append(object())
    predictions.send(frame(3), 3)
    channel.transport._outbound_queue.clear()
    predictions.send(frame(4), 4)
    assert [told["sequence"] for told in channel.sent] == [0, 4]
    assert (predictions.sent, predictions.dropped) == (2, 3)


def test_other_channels_are_left_alone_and_the_newest_of_ours_counts() -> None:
    predictions, first = opened()
    other, second = Channel("chat"), Channel()
    assert not predictions.take(cast(RTCDataChannel, other))
    assert predictions.take(cast(RTCDataChannel, second))
    predictions.send(frame(0, "star"), 0)
    assert [len(each.sent) for each in (first, other, second)] == [0, 0, 1]


def test_a_closed_channel_is_given_up() -> None:
    predictions, channel = opened()
    channel.readyState = "closing"
    predictions.send(frame(0, "star"), 0)
    channel.readyState = "open"
    predictions.send(frame(1, "star"), 1)
    assert channel.sent == [] and predictions.dropped == 0
