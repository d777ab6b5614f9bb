"""Events: their JSON, once per frame, whatever a kind of prediction does."""

from __future__ import annotations

import gc
import json
import logging
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from cameras import (
    BoundingBox,
    Caption,
    Classification,
    CodedPicture,
    Detection,
    Frame,
    Item,
    Outline,
    Prediction,
    Segmentation,
    as_mask,
)
from streams.encoding import EncodedFrame
from streams.predictions import EVENT_MAX_BYTES, PredictionsEvent, event_of, predictions_of, utc_text
from tests.fakes import coded, frame

BOX = Detection("dog", 0.75, box=BoundingBox(0.25, 0.25, 0.5, 0.75), track_id=3, transform="detections", service="coco")
STAR = Classification("star", 0.5, transform="classifications", service="shapes")
MASK = Segmentation("sky", 1.0, mask=as_mask(np.ones((4, 4), bool)), transform="segmentations", service="parts")


def annotated(*annotations: Any, new_result: bool = True) -> Frame:
    """Return a frame of 8 x 4 pixels with annotations."""
    plain = replace(frame(pts=45, width=8, height=4), captured_at=1_700_000_000.25, sequence=7)
    return plain.with_annotations(annotations, new_result=new_result)


def test_an_event_has_the_words_of_the_api_in_their_order() -> None:
    event = event_of("porch", annotated(BOX, STAR))
    told = json.loads(event.json)
    assert list(told) == [
        *("camera", "sequence", "pts_s", "captured_at", "width_px", "height_px", "new_result"),
        "predictions",
    ]
    assert (told["camera"], told["sequence"], told["pts_s"], told["new_result"]) == ("porch", 7, 1.5, True)
    assert (told["captured_at"], told["width_px"], told["height_px"]) == ("2023-11-14T22:13:20.250000Z", 8, 4)
    assert told["predictions"] == predictions_of(annotated(BOX, STAR))
    box, star = told["predictions"]
    assert list(box)[:5] == ["kind", "transform", "service", "class_name", "confidence"]
    assert (box["x_min"], box["y_min"], box["x_max"], box["y_max"], box["track_id"]) == (2, 1, 4, 3, 3)
    assert star == {
        "kind": "classification",
        "transform": "classifications",
        "service": "shapes",
        "class_name": "star",
        "confidence": 0.5,
    }
    assert b" " not in event.json and b"\n" not in event.json


def test_only_predictions_are_told_and_masks_on_request() -> None:
    event = event_of("porch", annotated(MASK, Outline("window", 1.0, box=BoundingBox(0, 0, 1, 1))))
    assert event.annotations == (MASK,)
    [brief], [whole] = (json.loads(text)["predictions"] for text in (event.json, event.with_masks()))
    assert set(whole) - set(brief) == {"mask_png"}
    assert event.short_json is event.json


def test_one_event_per_frame_and_camera_while_the_frame_lives() -> None:
    seen = annotated(STAR)
    event = event_of("porch", seen)
    assert event_of("porch", seen) is event
    assert event.json is event.json
    assert event_of("yard", seen).camera == "yard"
    assert event_of("porch", annotated(STAR)) is not event
    del seen
    gc.collect()
    assert event.annotations == (STAR,)


def test_a_coded_picture_has_an_event_without_predictions() -> None:
    picture = coded(3, is_key=True)
    assert isinstance(picture, CodedPicture)
    event = PredictionsEvent.of("porch", picture)
    assert (event.sequence, event.new_result, event.annotations) == (picture.sequence, False, ())
    assert json.loads(event.json)["predictions"] == []


def test_a_long_event_has_the_first_predictions_and_says_how_many_are_missing() -> None:
    many = [replace(BOX, label=f"dog {number:04}") for number in range(1000)]
    event = event_of("porch", annotated(*many))
    told = json.loads(event.short_json)
    assert EVENT_MAX_BYTES - 400 < len(event.short_json) <= EVENT_MAX_BYTES < len(event.json)
    assert [each["class_name"] for each in told["predictions"]] == [
        each.label for each in many[: len(told["predictions"])]
    ]
    assert told["left_out"] == 1000 - len(told["predictions"])
    assert "left_out" not in json.loads(event.json)
    huge = event_of("porch", annotated(Caption("x" * EVENT_MAX_BYTES, 1.0)))
    assert json.loads(huge.short_json)["predictions"] == []


class _Broken(Prediction):
    kind: ClassVar[str] = "broken"
    plural: ClassVar[str] = "broken"
    item: ClassVar[type[Item]] = Item

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        if self.label == "raises":
            raise RuntimeError("no words")
        return {"at": self.confidence}


def test_a_prediction_without_valid_json_is_left_out_and_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    event = event_of("porch", annotated(_Broken("raises", 1.0), STAR, _Broken("", float("nan")), _Broken("", 0.5)))
    with caplog.at_level(logging.WARNING):
        told = json.loads(event.json)["predictions"]
    assert [each.get("class_name", each.get("at")) for each in told] == ["star", 0.5]
    assert [record.getMessage() for record in caplog.records] == [
        "predictions of the kind 'broken' are missing in events: RuntimeError: no words"
    ]


def test_labels_in_any_script_and_broken_ones_become_ascii() -> None:
    event = event_of("porch", annotated(Classification("собака\u2028", 1.0), Classification("\ud800", 1.0)))
    assert event.json.isascii()
    assert [each["class_name"] for each in json.loads(event.json)["predictions"]] == ["собака\u2028", "\ud800"]


def test_times_are_told_in_utc_with_microseconds() -> None:
    assert utc_text(0.0) == "1970-01-01T00:00:00.000000Z"
    assert EncodedFrame(b"", "h264", 135_000, True, 2, 2, 0.0).pts_s == 1.5
