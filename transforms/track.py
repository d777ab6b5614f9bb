"""Give each thing a number that stays with it from frame to frame."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from cameras import Annotation, Attributes, BoundingBox, Detection, Frame

from .base import Services, Transform

NEAR = 1.0  # how far a middle may be from where it was awaited, in sizes of the box, where boxes do not overlap
SPEED_TRUST = (
    0.4  # share of a surprise that becomes speed (the beta of an alpha-beta filter; alpha is 1: boxes are exact)
)


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
        description="Least overlap of a box with where its thing was awaited: intersection over union.",
    )
    max_age_s: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="How long a thing may be unseen and come back as itself."
    )
    by_label: bool = Field(
        default=True,
        description="Whether a thing keeps its label: a dog cannot go on as a cat. false: labels may change.",
    )


class Track(Transform[TrackAttributes]):
    """Number the detections that come with each frame, the same thing by the same number as long as it is seen.

    Frames: pixels, size and time unchanged; detections get a ``track_id``. Numbers begin at 1, and none is given twice.
    A thing is awaited where its last way leads; boxes go to the things that fit best, by their overlap, then, for what
    is small and fast, by the distance of their middles.
    """

    type_name: ClassVar[str] = "track"
    attributes_type = TrackAttributes

    def __init__(self, attributes: TrackAttributes, services: Services) -> None:
        super().__init__(attributes, services)
        self._wanted = {label.casefold() for label in attributes.valid_labels}
        self._tracks: list[_Track] = []
        self._last_id = 0

    def open(self) -> None:
        """Begin anew: nothing is awaited."""
        self._tracks.clear()

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its detections numbered."""
        now_s = frame.time_s
        self._tracks = [track for track in self._tracks if 0 <= now_s - track.seen_s <= self.attributes.max_age_s]
        found = {
            index: annotation
            for index, annotation in enumerate(frame.annotations)
            if isinstance(annotation, Detection) and (not self._wanted or annotation.label.casefold() in self._wanted)
        }
        if not found:
            return frame
        annotations: list[Annotation] = list(frame.annotations)
        for index, track in self._matched(found, now_s).items():
            annotations[index] = dataclasses.replace(found[index], track_id=track.number)
        return dataclasses.replace(frame, annotations=tuple(annotations))

    def _matched(self, found: dict[int, Detection], now_s: float) -> dict[int, _Track]:
        """Return the track of each detection, old or new, moved to where it is now."""
        awaited = [(track, track.box_at(now_s)) for track in self._tracks]
        matched: dict[int, _Track] = {}
        taken: set[int] = set()
        for score, index, place in sorted(self._candidates(found, awaited), reverse=True):
            del score
            if index not in matched and place not in taken:
                taken.add(place)
                track, box = awaited[place]
                track.move(found[index].box, box, now_s)
                matched[index] = track
        for index, detection in found.items():
            if index not in matched:
                self._last_id += 1
                matched[index] = _Track(self._last_id, detection.label.casefold(), detection.box, now_s)
                self._tracks.append(matched[index])
        return matched

    def _candidates(
        self, found: dict[int, Detection], awaited: Sequence[tuple[_Track, BoundingBox]]
    ) -> Iterator[tuple[float, int, int]]:
        """Give (how well they fit, detection, place in ``awaited``): overlaps from 1 to 2, distances from 0 to 1."""
        for index, detection in found.items():
            label = detection.label.casefold()
            for place, (track, box) in enumerate(awaited):
                if self.attributes.by_label and label != track.label:
                    continue
                overlap, distance = _overlap(detection.box, box), _distance(detection.box, box)
                if overlap >= self.attributes.iou_threshold:
                    yield 1 + overlap, index, place
                elif distance < NEAR:
                    yield 1 - distance / NEAR, index, place


class _Track:
    """One thing on its way: where it was last, and how fast its edges move, per second."""

    def __init__(self, number: int, label: str, box: BoundingBox, seen_s: float) -> None:
        self.number = number
        self.label = label
        self.seen_s = seen_s
        self._box = box
        self._speed = (0.0, 0.0)

    def box_at(self, now_s: float) -> BoundingBox:
        """Return where it is awaited."""
        across, down = (speed * (now_s - self.seen_s) for speed in self._speed)
        box = self._box
        return BoundingBox(box.x_min + across, box.y_min + down, box.x_max + across, box.y_max + down)

    def move(self, box: BoundingBox, awaited: BoundingBox, now_s: float) -> None:
        """Note where it is now, and learn from how far that is from where it was awaited."""
        passed_s = now_s - self.seen_s
        if passed_s > 0:
            surprise = (x - y for x, y in zip(_middle(box), _middle(awaited), strict=True))
            across, down = (
                speed + SPEED_TRUST * error / passed_s for speed, error in zip(self._speed, surprise, strict=True)
            )
            self._speed = across, down
        self._box, self.seen_s = box, now_s


def _middle(box: BoundingBox) -> tuple[float, float]:
    return (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2


def _area(box: BoundingBox) -> float:
    return (box.x_max - box.x_min) * (box.y_max - box.y_min)


def _overlap(one: BoundingBox, other: BoundingBox) -> float:
    """Return intersection over union."""
    width = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    height = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(one) + _area(other) - width * height)


def _distance(one: BoundingBox, other: BoundingBox) -> float:
    """Return how far the middles are apart, in sizes of the boxes; far, where one is much larger than the other."""
    if not 0.25 < _area(one) / max(_area(other), 1e-12) < 4:
        return math.inf
    across = max(one.x_max - one.x_min, other.x_max - other.x_min)
    down = max(one.y_max - one.y_min, other.y_max - other.y_min)
    (x, y), (other_x, other_y) = _middle(one), _middle(other)
    return math.hypot((x - other_x) / across, (y - other_y) / down)
