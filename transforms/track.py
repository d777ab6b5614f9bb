"""Give each detected object a number that stays the same from frame to frame."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from cameras import Annotation, Attributes, BoundingBox, Detection, Frame

from .base import Services, Transform

NEAR = 1.0  # largest distance of a centre from its predicted position, in box sizes, where boxes do not overlap
# The beta of an alpha-beta filter: the share of a prediction error that becomes speed. Alpha is 1: boxes are exact.
BETA = 0.4


class TrackAttributes(Attributes):
    """Attributes of ``type: track`` in the YAML."""

    valid_labels: tuple[str, ...] = Field(
        default=(), strict=False, description="Labels tracked, in any letter case; empty tracks all."
    )
    iou_threshold: float = Field(
        default=0.2,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Least overlap of a box with its predicted box: intersection over union.",
    )
    max_age_s: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="How long an object may be undetected and keep its number."
    )
    by_label: bool = Field(
        default=True,
        description="Whether an object keeps its label: a dog cannot become a cat. false: labels may change.",
    )


class Track(Transform[TrackAttributes]):
    """Number the detections of each frame: an object keeps its number as long as it is detected.

    Frames: pixels, size and time unchanged; detections get a ``track_id``. Numbers start at 1 and are never reused.
    Each track predicts its box from its last position and speed. Detections are assigned to the tracks that match
    best: by overlap, then, for small and fast objects, by the distance of the centres.
    """

    type_name: ClassVar[str] = "track"
    attributes_type = TrackAttributes
    exchangeable = ("valid_labels", "iou_threshold", "max_age_s", "by_label")

    def __init__(self, attributes: TrackAttributes, services: Services) -> None:
        super().__init__(attributes, services)
        self._tracks: list[_Track] = []
        self._last_id = 0

    def open(self) -> None:
        """Drop all tracks."""
        self._tracks.clear()

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its detections numbered."""
        now_s = frame.time_s
        self._tracks = [track for track in self._tracks if 0 <= now_s - track.seen_s <= self.attributes.max_age_s]
        wanted = {label.casefold() for label in self.attributes.valid_labels}
        found = {
            index: annotation
            for index, annotation in enumerate(frame.annotations)
            if isinstance(annotation, Detection) and (not wanted or annotation.label.casefold() in wanted)
        }
        if not found:
            return frame
        annotations: list[Annotation] = list(frame.annotations)
        for index, track in self._matched(found, now_s).items():
            annotations[index] = dataclasses.replace(found[index], track_id=track.number)
        return dataclasses.replace(frame, annotations=tuple(annotations))

    def _matched(self, found: dict[int, Detection], now_s: float) -> dict[int, _Track]:
        """Return the track of each detection, old or new, updated with its box."""
        predicted = [(track, track.box_at(now_s)) for track in self._tracks]
        matched: dict[int, _Track] = {}
        taken: set[int] = set()
        for score, index, position in sorted(self._scores(found, predicted), reverse=True):
            del score
            if index not in matched and position not in taken:
                taken.add(position)
                track, box = predicted[position]
                track.move(found[index].box, box, now_s)
                matched[index] = track
        for index, detection in found.items():
            if index not in matched:
                self._last_id += 1
                matched[index] = _Track(self._last_id, detection.label.casefold(), detection.box, now_s)
                self._tracks.append(matched[index])
        return matched

    def _scores(
        self, found: dict[int, Detection], predicted: Sequence[tuple[_Track, BoundingBox]]
    ) -> Iterator[tuple[float, int, int]]:
        """Yield (score, detection, index in ``predicted``): overlaps score from 1 to 2, distances from 0 to 1."""
        for index, detection in found.items():
            label = detection.label.casefold()
            for position, (track, box) in enumerate(predicted):
                if self.attributes.by_label and label != track.label:
                    continue
                overlap, distance = detection.box.overlap(box), _distance(detection.box, box)
                if overlap >= self.attributes.iou_threshold:
                    yield 1 + overlap, index, position
                elif distance < NEAR:
                    yield 1 - distance / NEAR, index, position


class _Track:
    """One tracked object: its last box and its speed, in frame sizes per second."""

    def __init__(self, number: int, label: str, box: BoundingBox, seen_s: float) -> None:
        self.number = number
        self.label = label
        self.seen_s = seen_s
        self._box = box
        self._speed = (0.0, 0.0)

    def box_at(self, now_s: float) -> BoundingBox:
        """Return the predicted box."""
        across, down = (speed * (now_s - self.seen_s) for speed in self._speed)
        box = self._box
        return BoundingBox(box.x_min + across, box.y_min + down, box.x_max + across, box.y_max + down)

    def move(self, box: BoundingBox, predicted: BoundingBox, now_s: float) -> None:
        """Update box and speed with a detected box; ``predicted`` is what :meth:`box_at` returned."""
        elapsed_s = now_s - self.seen_s
        if elapsed_s > 0:
            errors = (x - y for x, y in zip(_center(box), _center(predicted), strict=True))
            across, down = (speed + BETA * error / elapsed_s for speed, error in zip(self._speed, errors, strict=True))
            self._speed = across, down
        self._box, self.seen_s = box, now_s


def _center(box: BoundingBox) -> tuple[float, float]:
    return (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2


def _distance(one: BoundingBox, other: BoundingBox) -> float:
    """Return the distance of the centres in box sizes; infinite when one box is much larger than the other."""
    if not 0.25 < one.area / max(other.area, 1e-12) < 4:
        return math.inf
    across = max(one.x_max - one.x_min, other.x_max - other.x_min)
    down = max(one.y_max - one.y_min, other.y_max - other.y_min)
    (x, y), (other_x, other_y) = _center(one), _center(other)
    return math.hypot((x - other_x) / across, (y - other_y) / down)
