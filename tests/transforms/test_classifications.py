from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from cameras import Annotation, BoundingBox, Classification, Detection, Frame, Pixels
from tests.fakes import FakeVision
from tests.harness import through
from tests.transforms.pictures import DOG, bgr, detection
from tests.transforms.refusals import refusals
from tests.transforms.services import FunctionVision
from transforms.classifications import Classifications, ClassificationsAttributes

ZOO = [Classification("cat", 0.5), Classification("Dog", 0.3), Classification("VIAM_UNKNOWN", 0.15)]
ZOO += [Classification("fox", 0.05)]


def classifications(service: FakeVision, **attributes: Any) -> Classifications:
    chosen = ClassificationsAttributes.model_validate({"classifier_name": "zoo", **attributes})
    return Classifications(chosen, {"zoo": service})


def seen(**attributes: Any) -> list[str]:
    frame = through(classifications(FakeVision("zoo", ZOO), **attributes), bgr(4, 2))[0]
    return [annotation.label for annotation in frame.annotations]


def test_the_best_classification_is_attached_with_its_origin() -> None:
    frame = bgr(4, 2)
    out = through(classifications(FakeVision("zoo", ZOO)), frame)[0]
    assert out.annotations == (Classification("cat", 0.5, transform="classifications", service="zoo"),)
    assert out.pixels is frame.pixels


def test_several_come_by_falling_confidence() -> None:
    assert seen(max_classifications=3) == ["cat", "Dog", "fox"]


def test_zero_means_one() -> None:
    assert seen(max_classifications=0) == ["cat"]


def test_labels_filter_before_the_cut() -> None:
    assert seen(valid_labels=["dog"]) == ["Dog"]


def test_a_confidence_equal_to_the_threshold_passes() -> None:
    assert seen(confidence_threshold=0.3, max_classifications=9) == ["cat", "Dog"]


def test_the_frame_stays_when_no_classification_passes() -> None:
    assert seen(confidence_threshold=0.9) == []


def test_unknown_classifications_take_no_place() -> None:
    assert seen(max_classifications=9) == ["cat", "Dog", "fox"]


def test_inherited_annotations_come_first() -> None:
    ball = detection(0, 0, 1, 1)
    out = through(classifications(FakeVision("zoo", ZOO)), bgr(4, 2, DOG, ball))[0]
    assert out.annotations[:2] == (DOG, ball)
    assert out.annotations[2].label == "cat"


def test_two_transforms_share_one_inference_per_picture() -> None:
    service = FakeVision("zoo", ZOO)
    frame = bgr(4, 2)
    through(classifications(service), frame)
    through(classifications(service, max_classifications=2), frame)
    assert service.inferences == 1


def test_the_service_is_loaded_between_open_and_close() -> None:
    service = FakeVision("zoo", ZOO)
    transform, other = classifications(service), classifications(service)
    assert not service.loaded
    transform.open()
    transform.open()
    other.open()
    transform.close()
    transform.close()
    assert service.loaded, "the other transform still uses it"
    other.close()
    assert not service.loaded


def test_a_service_that_fails_to_open_is_not_closed() -> None:
    service = FakeVision("zoo", ZOO)
    other = classifications(service)
    other.open()
    broken = FakeVision("zoo", ZOO)
    broken.fails = OSError("gone")
    transform = classifications(broken)
    with pytest.raises(OSError, match="gone"):
        transform.open()
    transform.close()
    other.close()


def test_needs_names_the_service_and_the_kind() -> None:
    transform = classifications(FakeVision("zoo", ZOO))
    assert list(transform.needs(transform.attributes)) == [("classifier_name", "zoo", "classifications")]
    assert transform.annotates


def test_the_error_names_a_missing_service() -> None:
    with pytest.raises(ValueError, match="^classifier_name: there is no vision service 'zoo'$"):
        Classifications(ClassificationsAttributes(classifier_name="zoo"), {})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("classifier_name", "", "String should have at least 1 character"),
        ("classifier_name", 3, "Input should be a valid string"),
        ("confidence_threshold", 1.5, "Input should be less than or equal to 1"),
        ("confidence_threshold", -0.1, "Input should be greater than or equal to 0"),
        ("confidence_threshold", float("nan"), "Input should be a finite number"),
        ("confidence_threshold", "0.5", "Input should be a valid number"),
        ("max_classifications", -1, "Input should be greater than or equal to 0"),
        ("max_classifications", 1.5, "Input should be a valid integer"),
        ("max_classifications", True, "Input should be a valid integer"),
        ("valid_labels", "person", "Input should be a valid tuple"),
        ("mode", "fast", "Input should be 'auto', 'sync', 'latest' or 'delayed'"),
        ("max_age_s", 0, "Input should be greater than 0"),
        ("max_age_s", float("inf"), "Input should be a finite number"),
    ],
)
def test_wrong_values_are_refused(name: str, value: object, message: str) -> None:
    assert refusals(ClassificationsAttributes, **{"classifier_name": "zoo", name: value}) == [(name, message)]


def test_a_label_must_be_text() -> None:
    found = refusals(ClassificationsAttributes, classifier_name="zoo", valid_labels=["a", 7])
    assert found == [("valid_labels.1", "Input should be a valid string")]


def test_the_classifier_is_required() -> None:
    assert refusals(ClassificationsAttributes) == [("classifier_name", "Field required")]


def brightest(frame: Frame) -> list[Classification]:
    """Classify a picture by its brightest channel, or as unknown."""
    blue, green, red = frame.image.reshape(-1, 3).mean(axis=0)
    best = max(("blue", blue), ("green", green), ("red", red), key=lambda channel: channel[1])
    return [Classification(best[0], best[1] / 255), Classification("thing", 0.1)]


def flag(*things: Detection) -> Frame:
    """Return a frame whose left half is blue and whose right half is red."""
    image = np.zeros((8, 16, 3), np.uint8)
    image[:, :8, 0] = image[:, 8:, 2] = 204
    return bgr(2, 2).with_pixels(Pixels.from_bgr(image), annotations=(DOG, *things))


def named(frame: Frame, **attributes: Any) -> tuple[Annotation, ...]:
    transform = classifications(FunctionVision("zoo", classify=brightest), of="detections", margin=0, **attributes)
    out = through(transform, frame)[0]
    assert out.new_result
    return out.annotations


def test_each_detection_takes_the_label_of_its_box() -> None:
    left, right = detection(0, 0, 0.5, 1), replace(detection(0.5, 0, 1.5, 1), track_id=4)
    dog, one, other = named(flag(left, right))
    assert dog == DOG, "a detection without a box stays"
    assert one == Detection("blue", 0.8, box=left.box, transform="classifications", service="zoo")
    assert other == Detection("red", 0.8, box=right.box, track_id=4, transform="classifications", service="zoo")


def test_the_label_can_be_appended() -> None:
    ball = detection(0, 0, 0.5, 1)
    _, once = named(flag(ball), append_label=True)
    assert isinstance(once, Detection) and (once.label, once.first_label) == ("ball: blue", "ball")
    _, twice = named(flag(once), append_label=True)
    assert isinstance(twice, Detection) and (twice.label, twice.first_label) == ("ball: blue: blue", "ball")
    _, renamed = named(flag(twice))
    assert isinstance(renamed, Detection) and (renamed.label, renamed.first_label) == ("blue", None)


def test_a_detection_without_a_passing_label_stays() -> None:
    ball = detection(0, 0, 0.5, 1)
    assert named(flag(ball), confidence_threshold=0.9) == (DOG, ball)
    assert [found.label for found in named(flag(ball), valid_labels=["thing"])] == ["dog", "thing"]


def test_detections_of_two_trackers_with_the_same_number_keep_apart() -> None:
    person, face = replace(detection(0, 0, 0.5, 1), track_id=1), replace(detection(0.5, 0, 1, 1), track_id=1)
    for things in ((person, face), (face, person)):
        got = named(flag(*things), valid_labels=["red"])[1:]
        assert {each.label for each in got} == {"ball", "red"}
        assert got[things.index(person)] == person


def test_a_label_stays_when_the_one_before_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    transform = classifications(FunctionVision("zoo", classify=brightest), of="detections", margin=0)
    before = replace(detection(0.5, 0, 1, 1), label="ball: round", first_label="ball")
    with transform.service.open_session() as session:
        found = transform._of_detections(flag(before), session)
    now = flag(replace(before, label="ball: oval"))
    monkeypatch.setattr(transform, "predict", lambda kind, frame: found)
    assert [each.label for each in transform.apply(now).annotations] == ["dog", "red"]


def test_the_margin_is_classified_too() -> None:
    seen: list[tuple[int, int]] = []

    def classify_window(frame: Frame) -> list[Classification]:
        seen.append((frame.width, frame.height))
        return []

    for margin in (0.0, 0.25, 5.0):
        transform = classifications(FunctionVision("zoo", classify=classify_window), of="detections", margin=margin)
        through(transform, flag(detection(0.25, 0.25, 0.5, 0.75)))
    assert seen == [(4, 4), (6, 6), (16, 8)]


def test_a_box_outside_the_frame_is_not_classified() -> None:
    ball = detection(2, 0, 3, 1)
    assert named(flag(ball)) == (DOG, ball)


def test_two_transforms_share_one_inference_per_box() -> None:
    service = FunctionVision("zoo", classify=brightest)
    frame = flag(detection(0, 0, 0.5, 1))
    through(classifications(service, of="detections", margin=0), frame)
    through(classifications(service, of="detections", margin=0, append_label=True), frame)
    assert service.inferences == 1


SIDE, STEP = 40, 5
TEXTURE = np.random.default_rng(1).integers(0, 120, (SIDE, SIDE), np.uint8)
COLORS = ("red", "blue")


def walk(number: int, *, track: bool = False) -> Frame:
    """Return a frame, a tenth of a second after the one before: a red and a blue square, one after the other.

    Both move to the right, so that after 14 frames the blue one is where the red one was in frame 0.
    """
    image = np.full((180, 320, 3), 60, np.uint8)
    boxes = []
    for index, (color, start) in enumerate(zip(COLORS, (110, 40), strict=True)):
        left = start + STEP * number
        square = image[60 : 60 + SIDE, left : left + SIDE]
        square[:] = TEXTURE[..., np.newaxis]
        square[..., 2 if color == "red" else 0] += 120
        box = BoundingBox(left / 320, 60 / 180, (left + SIDE) / 320, (60 + SIDE) / 180)
        boxes.append(Detection("square", 0.9, box=box, track_id=7 + index if track else None))
    return Frame(Pixels.from_bgr(image), number, Fraction(1, 10), 0.0, number, annotations=tuple(boxes))


class SlowClassifier(FunctionVision):
    """Classifies by the brightest channel; all boxes of a frame wait until the test lets the frame end."""

    def __init__(self) -> None:
        super().__init__("zoo", classify=self._wait)
        self._began, self._may_end, self._boxes = threading.Semaphore(0), threading.Semaphore(0), 0

    def _wait(self, frame: Frame) -> list[Classification]:
        if self._boxes % 2 == 0:
            self._began.release()
            assert self._may_end.acquire(timeout=20)
        self._boxes += 1
        return brightest(frame)

    def wait_for_begin(self) -> None:
        """Wait until it has taken a frame."""
        assert self._began.acquire(timeout=20)

    def end(self, number: int = 1) -> None:
        """Let so many frames end."""
        self._may_end.release(number)


@pytest.fixture
def slow(request: pytest.FixtureRequest) -> Iterator[tuple[SlowClassifier, Classifications]]:
    service = SlowClassifier()
    transform = classifications(service, of="detections", margin=0, **request.param)
    transform.open()
    yield service, transform
    service.end(100)
    transform.close()


def labels(frame: Frame) -> list[str]:
    return [annotation.label for annotation in frame.annotations]


@pytest.mark.parametrize("slow", [{"mode": "latest", "max_age_s": 5.0}], indirect=True)
@pytest.mark.parametrize("track", [False, True])
def test_latest_labels_move_with_their_boxes(slow: tuple[SlowClassifier, Classifications], track: bool) -> None:
    service, transform = slow
    service.end()
    assert labels(transform.apply(walk(0, track=track))) == ["red", "blue"]
    for number in range(1, 15):
        came = walk(number, track=track)
        named = transform.apply(came)
        assert labels(named) == ["red", "blue"], f"frame {number}"
        assert [each.region for each in named.annotations] == [each.region for each in came.annotations]
    service.wait_for_begin()
    service.wait_for_begin()
    assert service.inferences == 2, "of frame 0; the classifier has begun with frame 1"
    assert transform.result_age_s == pytest.approx(1.4)


@pytest.mark.parametrize("slow", [{"mode": "latest", "max_age_s": 5.0}], indirect=True)
def test_a_track_keeps_its_latest_label_wherever_it_goes(slow: tuple[SlowClassifier, Classifications]) -> None:
    service, transform = slow
    service.end()
    first = walk(0, track=True)
    transform.apply(first)
    red, blue = (each for each in first.annotations if isinstance(each, Detection))
    exchanged = replace(red, track_id=blue.track_id), replace(blue, track_id=red.track_id)
    assert labels(transform.apply(replace(walk(1), annotations=exchanged))) == ["blue", "red"]
    ball, other = replace(red, track_id=None), replace(blue, track_id=None)
    changed = replace(walk(2), annotations=(replace(ball, label="ball"), other))
    assert labels(transform.apply(changed)) == ["ball", "blue"], "something else is where the red square was"


@pytest.mark.parametrize("slow", [{"mode": "delayed", "delay_s": 1.5}], indirect=True)
def test_delayed_labels_are_where_the_boxes_are_at_their_own_moment(
    slow: tuple[SlowClassifier, Classifications],
) -> None:
    service, transform = slow
    service.end(2)
    transform.announce(walk(0))
    service.wait_for_begin()
    worker = getattr(transform._inference, "_worker")  # noqa: B009
    assert worker.answered.wait(20)
    worker.answered.clear()
    transform.announce(walk(6))
    service.wait_for_begin()
    assert worker.answered.wait(20)
    for number in (0, 2, 3, 6):
        frame = walk(number)
        found = transform.predict(Classification, frame)
        assert [each.label for each in found] == ["red", "blue"]
        for each, true in zip(found, frame.annotations, strict=True):
            assert isinstance(each.region, BoundingBox) and isinstance(true, Detection)
            assert each.region.overlap(true.box) > 0.98
        assert labels(transform.apply(frame)) == ["red", "blue"]


@pytest.mark.parametrize("slow", [{"mode": "latest"}], indirect=True)
def test_frames_of_a_file_have_each_box_classified(slow: tuple[SlowClassifier, Classifications]) -> None:
    service, transform = slow
    transform.close()
    transform.wait_for_results()
    transform.open()
    service.end(3)
    assert [labels(transform.apply(walk(number))) for number in range(3)] == [["red", "blue"]] * 3
    assert service.inferences == 6 and transform.mode == "sync"
