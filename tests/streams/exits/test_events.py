"""Predictions as server-sent events: which frames have a message, and what keeps the connection alive."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cameras import Classification
from streams import EncodedFrame, PredictionsEvent
from streams.exits.events import COMMENT_S, EventsMuxer, EventsOptions
from tests.fakes import FakeClock


def frame(number: int, *labels: str) -> EncodedFrame:
    found = tuple(Classification(label, 0.5) for label in labels)
    event = PredictionsEvent("porch", number, number / 30, 0.0, 64, 48, True, found)
    return EncodedFrame(event.json, "events", number * 3000, True, 64, 48, 0.0, sequence=number, event=event)


def parsed(text: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the id and the labels of each message."""
    for block in text.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            assert fields["event"] == "predictions"
            event = json.loads(fields["data"])
            assert event["sequence"] == int(fields["id"])
            yield int(fields["id"]), [item["class_name"] for item in event["predictions"]]


def told(muxer: EventsMuxer, *frames: EncodedFrame) -> list[tuple[int, list[str]]]:
    return list(parsed(b"".join(muxer.frame(each, each.pts) for each in frames)))


def test_frames_with_predictions_have_a_message_and_the_first_one_without() -> None:
    muxer = EventsMuxer(EventsOptions())
    frames = [frame(0), frame(1, "star"), frame(2, "star", "mug"), frame(3), frame(4), frame(6, "mug")]
    assert told(muxer, *frames) == [(1, ["star"]), (2, ["star", "mug"]), (3, []), (6, ["mug"])]


def test_a_frame_that_comes_again_for_another_reader_has_no_second_message() -> None:
    muxer = EventsMuxer(EventsOptions())
    assert told(muxer, frame(1, "star"), frame(1, "star"), frame(2, "star")) == [(1, ["star"]), (2, ["star"])]


def test_a_reader_that_is_back_gets_the_newest_unless_it_has_it() -> None:
    back = EventsMuxer(EventsOptions())
    back.resume("7")
    assert told(back, frame(9)) == [(9, [])], "what it saw last is gone"
    waits = EventsMuxer(EventsOptions())
    waits.resume("9")
    assert told(waits, frame(9, "star"), frame(10, "star")) == [(10, ["star"])]
    foreign = EventsMuxer(EventsOptions())
    foreign.resume("of another server")
    assert told(foreign, frame(9, "star")) == [(9, ["star"])]


def test_a_comment_comes_every_15_seconds_whatever_is_seen() -> None:
    clock = FakeClock()
    muxer = EventsMuxer(EventsOptions(), clock.monotonic)
    clock.advance(COMMENT_S - 1)
    assert muxer.frame(frame(0), 0) == b""
    clock.advance(1)
    assert muxer.frame(frame(1), 1) == b":\n\n"
    clock.advance(COMMENT_S)
    assert muxer.frame(frame(2, "star"), 2).startswith(b":\n\nid: 2\n")
    assert muxer.frame(frame(3, "star"), 3).startswith(b"id: 3\n")
    assert muxer.idle() == b":\n\n"
