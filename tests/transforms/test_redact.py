from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from cameras import Detection, Frame, Matrix, Pixels
from tests.fakes import FakeVision
from tests.harness import through
from tests.transforms.depths import deep
from tests.transforms.pictures import DOG, bgr, detection
from tests.transforms.refusals import refusals
from tests.transforms.services import FunctionVision, HangingVision
from transforms.redact import Redact, RedactAttributes
from vision import ModelError
from vision.outputs.detector import Detections

FACE = Detection("face", 0.8, box=detection(0.25, 0.25, 0.5, 0.5).box)
PLATE = Detection("plate", 0.4, box=detection(0.75, 0.75, 1, 1).box)


def redact(service: FakeVision, **attributes: Any) -> Redact:
    chosen = RedactAttributes.model_validate({"detector_name": "faces", **attributes})
    return Redact(chosen, {"faces": service})


def redacted(frame: Frame, *found: Detection, **attributes: Any) -> Frame:
    return through(redact(FakeVision("faces", detections=found), **attributes), frame)[0]


def noisy(width: int = 160, height: int = 120, *, planes: bool = False, **more: Any) -> Frame:
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)
    pixels = Pixels.from_bgr(image)
    if planes:
        y, u, v = pixels.yuv
        pixels = Pixels.from_yuv(y, u, v, Matrix.BT709)
    return dataclasses.replace(bgr(2, 2), pixels=pixels, **more)


def detail(image: Any) -> float:
    """Return the mean difference of neighbouring pixels."""
    return float(np.abs(np.diff(image.astype(int), axis=1)).mean())


@pytest.mark.parametrize("method", ["blur", "pixelate", "fill"])
@pytest.mark.parametrize("planes", [False, True])
def test_boxes_are_hidden_and_the_rest_stays(method: str, planes: bool) -> None:
    frame = noisy(planes=planes)
    out = redacted(frame, FACE, method=method, margin=0)
    assert out.pixels.born_yuv is planes and out.pixels.matrix is frame.pixels.matrix
    inside = np.s_[32:58, 42:78]
    assert detail(out.image[inside]) < detail(frame.image[inside]) / 5
    for before, after, step in zip(arrays(frame), arrays(out), (1, 2, 2), strict=False):
        kept = np.ones(before.shape[:2], bool)
        kept[30 // step : 60 // step, 40 // step : 80 // step] = False
        np.testing.assert_array_equal(before[kept], after[kept])
        assert (before[~kept] != after[~kept]).mean() > 0.9


def arrays(frame: Frame) -> Sequence[Any]:
    return frame.pixels.yuv if frame.pixels.born_yuv else [frame.image]


def test_fill_is_black() -> None:
    for planes in (False, True):
        assert redacted(noisy(planes=planes), FACE, method="fill", margin=0).image[32:58, 42:78].max() <= 1


def test_a_large_box_becomes_a_few_cells() -> None:
    out = redacted(noisy(640, 480), FACE, method="pixelate", margin=0).image[120:240, 160:320]
    assert len(np.unique(out.reshape(-1, 3), axis=0)) <= 2 * 2


def test_a_wide_box_becomes_two_cells() -> None:
    plate = Detection("plate", 0.9, box=detection(0.25, 0.25, 0.75, 0.4).box)
    out = redacted(noisy(640, 480), plate, method="pixelate", margin=0).image[120:192, 160:480]
    assert len(np.unique(out.reshape(-1, 3), axis=0)) == 2


def test_the_margin_grows_the_box_on_every_side() -> None:
    out = redacted(noisy(), FACE, method="fill", margin=0.5).image
    assert out[16:74, 22:98].max() == 0
    assert out[:14].min() == 0 < out[:14].max() and out[76:].max() > 0


def test_labels_and_threshold_choose_what_is_hidden() -> None:
    frame = noisy()
    assert redacted(frame, FACE, PLATE, method="fill", valid_labels=["Plate"]).image[45, 60].max() > 0
    sure = redacted(frame, FACE, PLATE, method="fill", confidence_threshold=0.8).image
    assert sure[45, 60].max() == 0 and sure[110, 150].max() > 0


def test_a_frame_without_detections_stays() -> None:
    frame = noisy(annotations=(DOG,))
    assert redacted(frame) is frame


def test_annotations_stay_and_depth_is_hidden_too() -> None:
    frame = deep(np.full((120, 160), 900), annotations=(DOG,))
    out = redacted(frame, FACE, margin=0)
    assert out.annotations == (DOG,)
    assert out.depth is not None
    assert (out.depth == 0).sum() == 30 * 40 and (out.depth[30:60, 40:80] == 0).all()
    assert out.intrinsics == frame.intrinsics


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (7, 2), (161, 121)])
@pytest.mark.parametrize("method", ["blur", "pixelate", "fill"])
def test_every_size_of_picture_and_box_works(size: tuple[int, int], method: str) -> None:
    boxes = [detection(-1, -1, 2, 2), detection(0.5, 0.5, 0.5001, 0.5001), detection(0.999, 0.999, 1, 1)]
    transform = redact(FakeVision("faces", detections=boxes), method=method)
    out = through(transform, noisy(*size))[0]
    assert (out.width, out.height) == size
    assert transform.failure is None


def black(frame: Frame) -> bool:
    return bool(frame.image.max() <= 1) and frame.annotations == () and not frame.new_result


def test_invalid_numbers_of_a_detector_hide_the_frame() -> None:
    answer = Detections([FACE])
    answer.invalid = 1
    transform = redact(FakeVision("faces", detections=answer))
    assert black(through(transform, noisy())[0])
    assert transform.failure == "the whole picture is hidden: the detector gave a detection without a valid box"


@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize(
    "error", [ModelError("the model is broken"), ZeroDivisionError(), SystemExit("no"), MemoryError()]
)
def test_any_exception_hides_the_frame(error: BaseException, planes: bool) -> None:
    def fail(frame: Frame) -> Sequence[Detection]:
        raise error

    transform = redact(FunctionVision("faces", detect=fail))
    out = through(transform, noisy(planes=planes, annotations=(DOG,)))[0]
    assert black(out) and out.pixels.born_yuv is planes
    assert (out.width, out.height) == (160, 120)
    assert transform.failure == f"the whole picture is hidden: {error or type(error).__name__}"


def test_a_closed_transform_hides_the_frame() -> None:
    transform = redact(FakeVision("faces"))
    assert black(transform.apply(noisy()))
    assert transform.failure == "the whole picture is hidden: service faces is not open"
    transform.open()
    frame = noisy()
    assert transform.apply(frame) is frame
    assert transform.failure is None
    transform.close()
    assert black(transform.apply(noisy()))


def test_depth_is_hidden_with_the_frame() -> None:
    out = redact(FakeVision("faces")).apply(deep(np.full((12, 16), 900)))
    assert out.depth is not None and out.depth.max() == 0


def test_a_missed_deadline_hides_frames_until_the_detector_answers() -> None:
    service = HangingVision("faces")
    transform = redact(service, deadline_s=0.02)
    transform.open()
    try:
        assert black(transform.apply(noisy()))
        assert transform.failure == "the whole picture is hidden: the detector did not answer within 0.02 s"
        assert black(transform.apply(noisy()))
        assert transform.failure == "the whole picture is hidden: the detector is still busy with an earlier frame"
        assert service.called.acquire(timeout=5)
        assert not service.called.acquire(blocking=False), "one request at a time"
    finally:
        service.released.set()
        transform.close()


@pytest.mark.parametrize("nowhere", [float("nan"), float("inf")])
def test_a_detection_without_a_valid_box_hides_the_frame(nowhere: float) -> None:
    transform = redact(FakeVision("faces", detections=[detection(nowhere, 0, 1, 1)]))
    assert black(through(transform, noisy())[0])
    assert transform.failure == "the whole picture is hidden: the detector gave a detection without a valid box"


def test_hold_s_keeps_a_box_hidden() -> None:
    answers: list[Sequence[Detection]] = [[FACE], [], []]
    transform = redact(FunctionVision("faces", detect=lambda frame: answers.pop(0)), hold_s=1.0, method="fill")
    frames = [dataclasses.replace(noisy(), pts=seconds * 90_000) for seconds in (0, 1, 3)]
    out = through(transform, *frames)
    assert [frame.image[45, 60].max() == 0 for frame in out] == [True, True, False]


def test_inferences_on_the_worker_thread_are_counted() -> None:
    transform = redact(FakeVision("faces"))
    frame = noisy()
    through(transform, frame, frame, noisy())
    assert transform.inferences == 2


def test_each_frame_is_hidden_by_its_own_detections_while_it_is_live() -> None:
    faces = {number: detection(number / 8, 0.25, (number + 1) / 8, 0.5) for number in range(8)}
    transform = redact(FunctionVision("faces", detect=lambda frame: [faces[frame.pts]]), method="fill", margin=0)
    assert transform.live and transform.mode == "sync" and transform.delay_s == 0
    transform.open()
    for number, face in faces.items():
        frame = noisy(160, 120, pts=number)
        hidden = transform.apply(frame)
        changed = np.flatnonzero((hidden.image != frame.image).any(axis=(0, 2)))
        left, _, right, _ = face.box.to_pixels(160, 120)
        assert (changed[0], changed[-1] + 1) == (left, right), f"frame {number}"
    transform.close()


def test_it_needs_a_detector_and_attaches_nothing() -> None:
    assert list(Redact.needs(RedactAttributes(detector_name="faces"))) == [("detector_name", "faces", "detections")]
    assert not Redact.annotates, "a line must lose a frame that fails here"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("method", "smear", "Input should be 'blur', 'pixelate' or 'fill'"),
        ("margin", -0.1, "Input should be greater than or equal to 0"),
        ("deadline_s", 0, "Input should be greater than 0"),
        ("mode", "latest", "Extra inputs are not permitted"),
        ("mode", "delayed", "Extra inputs are not permitted"),
        ("mode", "auto", "Extra inputs are not permitted"),
        ("delay_s", 0.5, "Extra inputs are not permitted"),
        ("max_age_s", 0.5, "Extra inputs are not permitted"),
    ],
)
def test_wrong_values_are_refused(name: str, value: object, message: str) -> None:
    assert refusals(RedactAttributes, detector_name="faces", **{name: value}) == [(name, message)]
