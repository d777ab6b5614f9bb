from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cameras import BoundingBox
from vision.outputs.scores.thresholds import Thresholds
from vision.outputs.segmenter import Form, PixelMap, Segmenter, find_map
from vision.runtimes.base import Ending
from vision.runtimes.files import LabelsError, ModelError

LABELS = ("background", "cat", "dog")
WHOLE = BoundingBox(0.0, 0.0, 1.0, 1.0)
NUMBERS = np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 2, 0]])


def planes(best: float = 0.8, labels: int = 3) -> NDArray[np.float32]:
    """Return probabilities per pixel and label, the best of them for the numbers above."""
    made = np.full((1, *NUMBERS.shape, labels), (1 - best) / (labels - 1), np.float32)
    np.put_along_axis(made[0], NUMBERS[..., None], best, axis=-1)
    return made


def segmenter(
    array: Any,
    form: Form,
    labels: Sequence[str] = LABELS,
    thresholds: Thresholds | None = None,
    sample: Any = None,
) -> Segmenter:
    samples = [{"map": array if sample is None else sample}]
    return Segmenter(PixelMap("map", form), labels, thresholds or Thresholds(), samples)


def looked(array: Any, form: Form, **options: Any) -> list[tuple[str, float, float]]:
    found = segmenter(array, form, **options).postprocess({"map": array}, WHOLE)
    return [(item.label, round(item.confidence, 3), round(item.coverage, 3)) for item in found]


@pytest.mark.parametrize(
    ("shape", "size", "labels", "form"),
    [
        ((1, 257, 257, 21), (257, 257), 0, Form.PLANES_LAST),
        ((1, 21, 257, 257), (257, 257), 0, Form.PLANES_FIRST),
        ((1, 30, 40, 3), (320, 240), 0, Form.PLANES_LAST),
        ((1, 2, 30, 40), (320, 240), 0, Form.PLANES_FIRST),
        ((1, 16, 16, 16), (256, 256), 0, Form.PLANES_LAST),
        ((1, 3, 3, 3), (96, 96), 3, Form.PLANES_LAST),
        ((1, 150, 128, 128), (512, 512), 150, Form.PLANES_FIRST),
        ((1, 128, 128, 150), (512, 512), 150, Form.PLANES_LAST),
        ((1, 128, 128, 150), (512, 512), 149, Form.PLANES_LAST),
        ((1, 256, 256, 1), (256, 256), 0, Form.MASK),
        ((1, 1, 256, 256), (256, 256), 0, Form.MASK),
        ((1, 256, 256), (256, 256), 0, Form.MASK),
        ((1, 300, 6), (640, 640), 0, None),
        ((1, 8400, 85), (640, 640), 0, None),
        ((1, 1001), (224, 224), 0, None),
        ((1, 1, 1, 1001), (224, 224), 0, None),
        ((1, 30, 50, 3), (640, 640), 0, None),
        ((2, 30, 30, 3), (640, 640), 0, None),
        ((257, 257), (257, 257), 0, None),
    ],
)
def test_the_layout_is_inferred_from_the_shape(
    shape: tuple[int, ...], size: tuple[int, int], labels: int, form: Form | None
) -> None:
    array = np.random.default_rng(0).random(shape, np.float32)
    found = find_map([{"map": array}], size, labels)
    assert found == (None if form is None else PixelMap("map", form))


@pytest.mark.parametrize("shape", [(1, 3, 4), (1, 3, 4, 1), (1, 1, 3, 4)])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.float32])
def test_whole_numbers_are_those_of_labels(shape: tuple[int, ...], dtype: Any) -> None:
    array = NUMBERS.astype(dtype).reshape(shape)
    assert find_map([{"map": array}], (40, 30), 0) == PixelMap("map", Form.CLASS_NUMBERS)
    assert looked(array, Form.CLASS_NUMBERS) == [("background", 1.0, 0.75), ("cat", 1.0, 0.167), ("dog", 1.0, 0.083)]


@pytest.mark.parametrize(
    ("shape", "size", "is_map"),
    [
        ((1, 3, 6), (640, 640), False),  # three rows of boxes
        ((1, 15, 20), (640, 480), True),
        ((1, 23, 41), (1300, 720), True),  # rounded
        ((1, 19, 24), (640, 480), False),
    ],
)
def test_the_shape_of_the_picture_is_that_of_its_sides(
    shape: tuple[int, ...], size: tuple[int, int], is_map: bool
) -> None:
    found = find_map([{"out": np.zeros(shape, np.float32)}], size, 0)
    assert (found is not None) == is_map


def test_sides_that_are_all_alike_are_laid_out_as_those_of_the_input() -> None:
    array = np.random.default_rng(0).random((1, 3, 3, 3), np.float32)
    assert find_map([{"map": array}], (96, 96), 3, channels_first=True) == PixelMap("map", Form.PLANES_FIRST)


def test_the_first_output_with_the_shape_of_the_picture_counts() -> None:
    samples = [{"scores": np.zeros((1, 5)), "out": np.zeros((1, 8, 8, 3)), "aux": np.zeros((1, 8, 8, 3))}]
    assert find_map(samples, (64, 64), 0) == PixelMap("out", Form.PLANES_LAST)


@pytest.mark.parametrize("first", ["aux", "edges", "logits"])
def test_of_several_maps_the_one_that_fits_counts(first: str) -> None:
    others = {"aux": planes()[..., ::-1], "edges": planes()[..., :1], "logits": planes() * 9}
    samples = [{first: others[first], "out": planes()}]
    wanted = first if first == "logits" else "out"
    assert find_map(samples, (4, 3), 3) == PixelMap(wanted, Form.PLANES_LAST)


def test_maps_that_differ_are_refused_if_nothing_says_which_one_counts() -> None:
    samples = [{"1230": planes()[..., ::-1], "1240": planes()}]
    with pytest.raises(ModelError, match="its outputs 1230, 1240 all have the shape of the picture and 3 planes"):
        find_map(samples, (4, 3), 0)


@pytest.mark.parametrize("form", [Form.PLANES_LAST, Form.PLANES_FIRST])
def test_each_label_that_is_the_best_somewhere_has_a_mask_the_background_too(form: Form) -> None:
    array = planes() if form is Form.PLANES_LAST else planes().transpose(0, 3, 1, 2)
    assert looked(array, form) == [("background", 0.8, 0.75), ("cat", 0.8, 0.167), ("dog", 0.8, 0.083)]
    found = segmenter(array, form).postprocess({"map": array}, WHOLE)
    assert all(np.array_equal(item.mask > 0, NUMBERS == number) for number, item in enumerate(found))


def test_logits_become_probabilities() -> None:
    assert looked(np.log(planes()) + 3, Form.PLANES_LAST) == looked(planes(), Form.PLANES_LAST)


def test_the_last_calculation_shows_what_planes_from_0_to_1_are() -> None:
    given = np.full((1, 4, 4, 3), 0.6, np.float32)
    found = PixelMap("out", Form.PLANES_LAST)
    for ending, activation in ((None, "none"), (Ending.LINEAR, "softmax"), (Ending.RELU, "softmax")):
        assert Segmenter(found, LABELS, Thresholds(), [{"out": given}], ending=ending).activation == activation
    with pytest.raises(ModelError, match="its output out ends in a tanh, as that of a picture does"):
        Segmenter(found, LABELS, Thresholds(), [{"out": given}], ending=Ending.TANH)
    mask = PixelMap("out", Form.MASK)
    with pytest.raises(ModelError, match="its output out ends in a ReLU, as that of depths does"):
        Segmenter(mask, ("road",), Thresholds(), [{"out": given[..., :1]}], ending=Ending.RELU)


@pytest.mark.parametrize("declared", [False, True])
def test_independent_planes_may_share_pixels_and_leave_some_out(declared: bool) -> None:
    """Probabilities with other sums than 1, and scores for a declared sigmoid."""
    made = np.full((1, 4, 4, 3), 0.1, np.float32)
    made[0, :2, :, 0], made[0, 0, :, 1] = 0.9, 0.6
    given = np.asarray(np.log(made / (1 - made)), np.float32) if declared else made
    found = PixelMap("out", Form.PLANES_LAST)
    segmenter = Segmenter(found, LABELS, Thresholds(), [{"out": given}], "sigmoid" if declared else "auto")
    masks = segmenter.postprocess({"out": given}, BoundingBox(0, 0, 1, 1))
    assert [(item.label, round(item.confidence, 3), item.coverage) for item in masks] == [
        (LABELS[0], 0.9, 0.5),
        (LABELS[1], 0.6, 0.25),
    ]
    assert segmenter.activation == ("sigmoid" if declared else "none")


def test_planes_of_bytes_are_probabilities() -> None:
    assert looked((planes() * 255).astype(np.uint8), Form.PLANES_LAST)[0] == ("background", 0.8, 0.75)


def test_a_mask_holds_the_pixels_that_are_likely() -> None:
    array = np.array([[[0.9, 0.5], [0.49, 0.0]]], np.float32)
    assert looked(array, Form.MASK, labels=()) == [("foreground", 0.7, 0.5)]
    assert looked(array, Form.MASK, labels=("person",)) == [("person", 0.7, 0.5)]
    assert looked(array, Form.MASK, labels=("background", "selfie")) == [("selfie", 0.7, 0.5)]


def test_a_mask_of_scores_is_put_through_the_sigmoid_also_where_none_is_outside() -> None:
    array = np.array([[[0.4, -0.1], [-2.0, 6.0]]], np.float32)
    assert looked(array, Form.MASK, labels=()) == [("foreground", 0.798, 0.5)]
    tame = np.full((1, 2, 2), 0.25, np.float32)
    assert looked(tame, Form.MASK, labels=(), sample=array) == [("foreground", 0.562, 1.0)]


def test_a_mask_of_scores_is_recognized_by_its_lowest() -> None:
    negative = np.array([[[0.4, -0.1], [-2.0, 0.3]]], np.float32)
    assert looked(negative, Form.MASK, labels=()) == [("foreground", 0.587, 0.5)]
    large = np.array([[[-0.5, 3.0], [2.0, 0.25]]], np.float32)
    assert looked(large, Form.MASK, labels=()) == [("foreground", 0.799, 0.75)]


@pytest.mark.parametrize(
    ("values", "labels", "form", "coverage"),
    [
        (np.array([[0, 255], [0, 0]], np.uint8), 1, Form.MASK, 0.25),
        (np.array([[0, 255], [0, 0]], np.float32), 0, Form.MASK, 0.25),
        (np.array([[3.5, 250.0], [120.0, 128.0]], np.float32), 1, Form.MASK, 0.5),
        (np.array([[0, 1], [0, 0]], np.int64), 1, Form.MASK, 0.25),
        (np.array([[0, 1], [0, 0]], np.int64), 2, Form.CLASS_NUMBERS, 0.75),
        (np.array([[0, 1], [0, 0]], np.float32), 2, Form.CLASS_NUMBERS, 0.75),
        (np.array([[0, 7], [0, 0]], np.int64), 1, Form.CLASS_NUMBERS, 0.75),
    ],
)
def test_bytes_are_a_mask_and_so_is_a_map_for_one_label(values: Any, labels: int, form: Form, coverage: float) -> None:
    samples = [{"out": values[None]}]
    found = find_map(samples, (2, 2), labels)
    assert found == PixelMap("out", form)
    masks = Segmenter(found, LABELS[1:][:labels], Thresholds(), samples).postprocess(samples[0], WHOLE)
    assert masks[0].coverage == coverage


@pytest.mark.parametrize("highest", [3.0, 100.0, 900.0])  # metres, percentages, millimetres
def test_a_mask_of_other_numbers_is_refused(highest: float) -> None:
    depths = [{"out": np.array([[[3.0, highest], [0.5, 1.5]]], np.float32)}]
    with pytest.raises(ModelError, match=f"neither probabilities nor logits, from 0.5 to {highest:g} in"):
        Segmenter(PixelMap("out", Form.MASK), ("road",), Thresholds(), depths)
    declared = Segmenter(PixelMap("out", Form.MASK), ("road",), Thresholds(), depths, "sigmoid")
    assert [item.coverage for item in declared.postprocess(depths[0], WHOLE)] == [1.0]


def test_an_empty_mask_is_no_result() -> None:
    assert looked(np.zeros((1, 4, 4), np.float32), Form.MASK, labels=()) == []


def test_labels_have_their_own_threshold() -> None:
    thresholds = Thresholds(0.0, {"Background": 0.9})
    assert [row[0] for row in looked(planes(), Form.PLANES_LAST, thresholds=thresholds)] == ["cat", "dog"]


def test_without_labels_masks_are_numbered() -> None:
    assert [row[0] for row in looked(planes(), Form.PLANES_LAST, labels=())] == ["0", "1", "2"]


def test_a_number_without_a_label_is_counted() -> None:
    array = np.where(NUMBERS == 2, 255, NUMBERS)[None]
    reader = segmenter(array, Form.CLASS_NUMBERS)
    assert [item.label for item in reader.postprocess({"map": array}, WHOLE)] == ["background", "cat", "class 255"]
    assert reader.unknown == 1
    assert [item.label for item in reader.postprocess({"map": array - 1}, WHOLE)] == [
        "class -1",
        "background",
        "class 254",
    ]


def test_the_background_may_be_missing_among_the_labels() -> None:
    assert [row[0] for row in looked(planes(), Form.PLANES_LAST, labels=("cat", "dog"))] == list(LABELS)


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LabelsError, match="there are 5 labels but the segmenter gives 3 planes"):
        segmenter(planes(), Form.PLANES_LAST, tuple("abcde"))


def test_one_plane_has_one_label_beside_the_background() -> None:
    with pytest.raises(LabelsError, match="there are 2 labels but the segmenter gives one plane, of one label"):
        segmenter(planes()[..., :1], Form.MASK)


def test_non_finite_values_are_dropped() -> None:
    array = planes()
    array[0, 2, 2] = np.nan
    reader = segmenter(planes(), Form.PLANES_LAST)
    assert [item.label for item in reader.postprocess({"map": array}, WHOLE)] == ["cat"]
    assert reader.dropped == 1


def test_bars_beside_the_picture_are_cut_off() -> None:
    array = NUMBERS[None]
    (background, dog) = segmenter(array, Form.CLASS_NUMBERS).postprocess(
        {"map": array}, BoundingBox(0.25, 1 / 3, 0.75, 1.0)
    )
    assert background.mask.tolist() == [[255, 255], [255, 0]]
    assert (dog.label, dog.coverage) == ("dog", 0.25)
