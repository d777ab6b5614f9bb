"""The stream of events: one task for all readers, without an encoder."""

from __future__ import annotations

import json
import threading

import numpy as np

from cameras import BoundingBox, Detection, Segmentation, as_mask
from streams import EncodedFrame
from streams.encoding import EventOptions
from tests.streams.encoding.test_pool import Recorder, running
from tests.streams.fakes import picture

BOX = Detection("dog", 0.9, box=BoundingBox(0, 0, 1, 1))


def told(frame: EncodedFrame) -> tuple[int, list[str]]:
    event = json.loads(frame.data)
    return event["sequence"], [item["class_name"] for item in event["predictions"]]


def test_each_frame_is_an_event_and_nothing_is_encoded() -> None:
    with running() as run:
        sinks = [Recorder(), Recorder()]
        subscriptions = [run.pool.subscribe(run.feed, "events", sink) for sink in sinks]
        run.graph.cameras["porch"].give(picture(0).with_annotations([BOX]))
        first, other = (sink.next() for sink in sinks)
        assert first is other and first.is_key_frame and first.codec == "events"
        assert told(first) == (0, ["dog"])
        run.graph.cameras["porch"].give(picture(1))
        assert told(sinks[0].next()) == (1, [])
        assert sinks[0].threads == {"events porch"}
        assert run.pool.encoders("porch") == []
        assert "encoded" not in run.feed.counters.summary() or run.feed.counters["encoded"] == 0
        for subscription in subscriptions:
            subscription.close()
        assert not run.feed.watched


def test_a_reader_that_joins_between_frames_gets_the_last_one() -> None:
    with running() as run:
        first, late = Recorder(), Recorder()
        run.pool.subscribe(run.feed, "events", first)
        run.graph.cameras["porch"].give(picture(0).with_annotations([BOX]))
        frame = first.next()
        run.pool.subscribe(run.feed, "events", late)
        assert late.next() is frame


def test_readers_with_and_without_masks_have_streams_of_their_own() -> None:
    with running() as run:
        brief, whole = Recorder(), Recorder()
        run.pool.subscribe(run.feed, "events", brief)
        run.pool.subscribe(run.feed, "events", whole, options=EventOptions(masks=True))
        mask = Segmentation("sky", 1.0, mask=as_mask(np.ones((120, 160), bool)))
        run.graph.cameras["porch"].give(picture(0).with_annotations([mask]))
        assert b"mask_png" not in brief.next().data
        assert b"mask_png" in whole.next().data


def test_the_readers_end_with_the_camera() -> None:
    with running() as run:
        sink = Recorder()
        run.pool.subscribe(run.feed, "events", sink)
        run.graph.feeds["porch"].end_watches()
        assert sink.ended.wait(5)
    assert not [thread for thread in threading.enumerate() if thread.name == "events porch"]
