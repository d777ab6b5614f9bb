from __future__ import annotations

from collections.abc import Iterator

import pytest

from cameras import Detection, Frame
from transforms.detections import Detections, DetectionsAttributes
from transforms.track import Track, TrackAttributes

from .squares import box_of, two_squares
from .test_latest import SlowDetector


class TwoSquares(SlowDetector):
    """Finds both squares, in another order each time, when the test lets it."""

    def _found(self, frame: Frame) -> list[Detection]:
        super()._found(frame)
        boxes = [box_of(mask) for mask in two_squares(frame.sequence)[1]]
        return [Detection("square", 0.9, box=box) for box in boxes[:: 1 if len(self.begun) % 2 else -1]]


@pytest.fixture
def squares(request: pytest.FixtureRequest) -> Iterator[tuple[TwoSquares, Detections]]:
    service = TwoSquares()
    attributes = DetectionsAttributes(detector_name="slow", mode=request.param, delay_s=0.8, max_age_s=2.0)
    detections = Detections(attributes, {"slow": service})
    detections.open()
    yield service, detections
    service.end(100)
    detections.close()


def check_tracks(frame: Frame) -> None:
    """Check that the left square has the number 1 and the right one 2, both where they are in this frame."""
    found = {each.track_id: each.box for each in frame.annotations if isinstance(each, Detection)}
    true = dict(enumerate(map(box_of, two_squares(frame.sequence)[1]), 1))
    assert found.keys() == true.keys(), f"frame {frame.sequence}"
    assert min(found[number].overlap(box) for number, box in true.items()) > 0.85, f"frame {frame.sequence}"


@pytest.mark.parametrize("squares", ["latest"], indirect=True)
def test_tracks_go_on_between_and_over_the_latest_results(squares: tuple[TwoSquares, Detections]) -> None:
    service, detections = squares
    tracker = Track(TrackAttributes(), {})
    service.end()
    for number in range(14):
        frame = tracker.apply(detections.apply(two_squares(number)[0]))
        check_tracks(frame)
        if number in (4, 9):
            service.end_for(detections._inference)  # type: ignore[arg-type]
        if number in (0, 1, 4, 9):
            service.wait_for_begin()
    assert [frame.sequence for frame in service.begun] == [0, 1, 4, 9], "the second and the fourth are reversed"


@pytest.mark.parametrize("squares", ["delayed"], indirect=True)
def test_tracks_go_on_between_and_over_delayed_results(squares: tuple[TwoSquares, Detections]) -> None:
    service, detections = squares
    tracker = Track(TrackAttributes(), {})
    for number in (0, 4, 8, 12):
        detections.announce(two_squares(number)[0])
        service.wait_for_begin()
        service.end_for(detections._inference)  # type: ignore[arg-type]
    for number in range(13):
        check_tracks(tracker.apply(detections.apply(two_squares(number)[0])))
