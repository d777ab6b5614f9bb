from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from cameras import BoundingBox, Classification, Detection, Segmentation
from tests.vision import tflite_models
from tests.vision.fakes import INPUT, FakeRuntime, frame, runtime, service
from vision import MlModelAttributes, MlModelVision, ModelError, UnsupportedKind
from vision.outputs.heads.table import HEADS
from vision.runtimes.base import Metadata, RuntimeAttributes, TensorInfo
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier

SCORES = {"out": np.array([[0.1, 0.7, 0.2]])}
DETECTOR = {
    "classes": np.array([[2.0, 0.0]]),
    "boxes": np.array([[[0.0, 0.0, 0.5, 1.0], [0.5, 0.5, 1.0, 1.0]]]),
    "scores": np.array([[0.9, 0.4]]),
    "count": np.array([2.0]),
}

HEAD_NAMES = ["none", "ssd", *sorted(HEADS)]


def labels_file(folder: Path, text: str = "a\nb\nc\n") -> Path:
    path = folder / "labels.txt"
    path.write_text(text)
    return path


def test_a_classifier_is_recognised_and_predicts(tmp_path: Path) -> None:
    classifier = service(runtime(SCORES), tmp_path, label_path=labels_file(tmp_path))
    with classifier.open_session() as session:
        assert classifier.kinds == {"classifications"}
        assert classifier.labels == ("a", "b", "c")
        assert [item.label for item in session.predict(Classification, frame())] == ["b", "c", "a"]
        with pytest.raises(UnsupportedKind, match="service fake gives classifications, not detections"):
            session.predict(Detection, frame())


def test_a_detector_is_recognised_and_predicts(tmp_path: Path) -> None:
    detector = service(runtime(DETECTOR), tmp_path, label_path=labels_file(tmp_path))
    with detector.open_session() as session:
        assert detector.kinds == {"detections"}
        assert [item.label for item in session.predict(Detection, frame())] == ["c", "a"]


def test_classifier_and_detector_in_one_model_share_an_inference(tmp_path: Path) -> None:
    kind = runtime(DETECTOR | {"probability": np.array([[0.1, 0.7, 0.2]])})
    both = service(kind, tmp_path, label_path=labels_file(tmp_path))
    with both.open_session() as session:
        assert both.kinds == {"classifications", "detections"}
        before, picture = len(kind.requests), frame()
        assert session.predict(Classification, picture)[0].label == "b"
        assert session.predict(Detection, picture)[0].label == "c"
        assert len(kind.requests) - before == both.inferences == 1


def test_a_model_is_interpreted_once_per_file(tmp_path: Path) -> None:
    kind = runtime(SCORES)
    classifier = service(kind, tmp_path)
    classifier.inspect()
    assert (kind.loaded, kind.closed) == (1, 1)
    assert classifier.kinds == {"classifications"}
    before = len(kind.requests)
    classifier.inspect()
    assert (kind.loaded, len(kind.requests)) == (2, before)
    (tmp_path / "model.fake").write_bytes(b"another model")
    classifier.inspect()
    assert len(kind.requests) == 2 * before


def test_services_on_one_file_share_the_model_and_its_outputs(tmp_path: Path) -> None:
    models, kind = SharedModels(Verifier(tmp_path)), runtime(SCORES)
    strict = service(kind, tmp_path, models=models, name="strict", default_minimum_confidence=0.5)
    loose = service(kind, tmp_path, models=models, name="loose")
    picture = frame()
    with strict.open_session() as one, loose.open_session() as other:
        assert kind.loaded == 1
        before = len(kind.requests)
        assert [item.label for item in one.predict(Classification, picture)] == ["1"]
        assert [item.label for item in other.predict(Classification, picture)] == ["1", "2", "0"]
        assert len(kind.requests) - before == 1
        assert (strict.inferences, loose.inferences) == (1, 0)


def test_concurrent_predictions_for_a_picture_run_one_inference(tmp_path: Path) -> None:
    kind = runtime(SCORES)
    classifier = service(kind, tmp_path)
    with classifier.open_session() as session:
        before, picture = len(kind.requests), frame()
        kind.resume = threading.Event()
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(session.predict, Classification, picture) for _ in range(4)]
            kind.resume.set()
            assert {future.result() for future in asked} == {session.predict(Classification, picture)}
        assert len(kind.requests) - before == 1


def test_the_input_is_prepared_as_declared(tmp_path: Path) -> None:
    kind = runtime(SCORES)
    with service(kind, tmp_path, input_image_bgr=True).open_session() as classifier:
        classifier.predict(Classification, frame(color=(1, 2, 3)))
    assert kind.requests[-1]["input"][0, 0, 0].tolist() == [1, 2, 3]


def test_outputs_and_boxes_are_read_as_declared(tmp_path: Path) -> None:
    kind = runtime({"x": DETECTOR["scores"], "y": DETECTOR["classes"], "z": DETECTOR["boxes"]})
    swapped = service(
        kind,
        tmp_path,
        remap_output_names={"x": "category", "y": "score", "z": "location"},
        xmin_ymin_xmax_ymax_order=(0, 1, 2, 3),
    )
    with swapped.open_session() as session:
        (item,) = session.predict(Detection, frame())
    assert (item.label, item.confidence, item.box.x_max, item.box.y_max) == ("1", 1.0, 0.5, 1.0)


def test_the_box_order_of_the_model_counts_where_none_is_declared(tmp_path: Path) -> None:
    kind = runtime(DETECTOR, metadata=Metadata(box_order=(0, 1, 2, 3), labels=("a", "b", "c")))
    with service(kind, tmp_path).open_session() as detector:
        item = detector.predict(Detection, frame())[0]
    assert (item.label, item.box.x_max, item.box.y_max) == ("c", 0.5, 1.0)


def test_labels_have_their_own_threshold_or_the_default(tmp_path: Path) -> None:
    picky = service(
        runtime(SCORES),
        tmp_path,
        label_path=labels_file(tmp_path),
        default_minimum_confidence=0.15,
        label_confidences={"B": 0.8},
    )
    with picky.open_session() as session:
        assert [item.label for item in session.predict(Classification, frame())] == ["c"]


def test_what_was_dropped_and_what_had_no_label_is_counted(tmp_path: Path) -> None:
    odd = DETECTOR | {"scores": np.array([[0.9, np.nan]])}
    detector = service(runtime(odd), tmp_path, label_path=labels_file(tmp_path, "a\nb\n"))
    with detector.open_session() as session:
        assert [item.label for item in session.predict(Detection, frame())] == ["class 2"]
    assert (detector.dropped, detector.unknown) == (1, 1)


@pytest.mark.parametrize(
    ("outputs", "attributes", "sentence"),
    [
        (SCORES, {"labels": "a\nb\n"}, "LABELS: there are 2 labels but the classifier gives 3 scores"),
        (SCORES, {"labels": ""}, "LABELS: the labels file is empty; it must have one label per line"),
        (
            {"map": np.zeros((1, 5, 4, 2))},
            {},
            "FILE: the model is neither a classifier, a detector nor a segmenter (for a detector with raw outputs, "
            "set head); its outputs are map [1, 5, 4, 2] float32",
        ),
        (
            SCORES,
            {"remap_output_names": {"prob": "probability"}},
            "FILE: remap_output_names: the model has no output 'prob', only out [1, 3] float32",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_refused_when_it_is_inspected(
    tmp_path: Path, outputs: dict[str, Any], attributes: dict[str, Any], sentence: str
) -> None:
    if "labels" in attributes:
        attributes = {"label_path": labels_file(tmp_path, attributes["labels"])}
    kind = runtime(outputs)
    with pytest.raises(ModelError) as caught:
        service(kind, tmp_path, **attributes).inspect()
    message = str(caught.value).replace(str(tmp_path / "model.fake"), "FILE")
    assert message.replace(str(tmp_path / "labels.txt"), "LABELS") == sentence
    assert (kind.loaded, kind.closed) == (1, 1)


def test_labels_that_the_file_should_hold_must_be_there_or_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        service(runtime(SCORES, metadata=Metadata(labels=("a", "b"), labels_file="x.txt")), tmp_path).inspect()
    assert (
        str(caught.value)
        == f"{tmp_path}/model.fake: there are 2 labels but the classifier gives 3 scores; set label_path"
    )
    without = runtime(SCORES, metadata=Metadata(labels_file="x.txt"))
    with pytest.raises(ModelError) as caught:
        service(without, tmp_path).inspect()
    assert str(caught.value) == (
        f"{tmp_path}/model.fake: the model does not contain its labels, x.txt; download it again or set label_path"
    )
    service(without, tmp_path, label_path=labels_file(tmp_path)).inspect()


def test_a_failed_inference_raises_and_the_next_one_runs(tmp_path: Path) -> None:
    def function(inputs: Any) -> dict[str, Any]:
        if inputs["input"].max() == 255:
            raise ModelError("the model fails: odd picture")
        return {"out": np.array([[0.5, 0.5]], np.float32)}

    kind: type[FakeRuntime] = runtime({"out": np.array([[0.5, 0.5]])})
    with service(kind, tmp_path).open_session() as classifier:
        kind.function = staticmethod(function)
        with pytest.raises(ModelError, match="odd picture"):
            classifier.predict(Classification, frame(color=(255, 255, 255)))
        assert classifier.inferences == 0
        assert len(classifier.predict(Classification, frame())) == 2


def segmenter_map() -> np.ndarray[Any, Any]:
    numbers = np.zeros((1, 4, 4), np.int64)
    numbers[0, 1:3, 1:3] = 2
    return numbers


def test_a_segmenter_is_recognised_and_predicts(tmp_path: Path) -> None:
    labels = labels_file(tmp_path, "0: a\n1: b\n2: c\n")
    segmenter = service(runtime({"map": segmenter_map()}), tmp_path, label_path=labels)
    with segmenter.open_session() as session:
        assert segmenter.kinds == {"segmentations"}
        assert segmenter.labels == ("a", "b", "c")
        first, second = session.predict(Segmentation, frame())
        assert (first.label, first.coverage, second.label, second.coverage) == ("a", 0.75, "c", 0.25)
        assert second.mask.shape == (4, 4)
        with pytest.raises(UnsupportedKind, match="service fake gives segmentations, not detections"):
            session.predict(Detection, frame())


def test_one_class_number_more_than_labels_shows_that_the_background_is_not_listed(tmp_path: Path) -> None:
    numbers = np.zeros((1, 4, 4), np.int64)
    numbers[0, 0, 0] = 3
    with service(runtime({"map": numbers}), tmp_path, label_path=labels_file(tmp_path)).open_session() as segmenter:
        assert [item.label for item in segmenter.predict(Segmentation, frame(4, 4))] == ["background", "c"]


VOC = "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant " \
    "sheep sofa train tvmonitor"  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("background\na\nb\n", ["background", "b"]),
        ("1: a\n2: b\n", ["background", "b"]),
        ("0: sky\n1: a\n2: b\n", ["sky", "b"]),
        ("a\nb\n", ["background", "b"]),  # 2 is more than a list from 0 has
        (VOC.replace(" ", "\n"), ["background", "bicycle"]),
        ("\n".join(["road", *(f"thing {number}" for number in range(17)), "bicycle"]), ["road", "thing 1"]),
        ("a\nb\nbackground\n", ["a", "background"]),
    ],
)
def test_the_list_says_what_class_zero_of_a_map_is(tmp_path: Path, text: str, found: list[str]) -> None:
    model = service(runtime({"map": segmenter_map()}), tmp_path, label_path=labels_file(tmp_path, text))
    with model.open_session() as segmenter:
        assert [item.label for item in segmenter.predict(Segmentation, frame())] == found


def test_a_class_number_beyond_the_list_is_an_error(tmp_path: Path) -> None:
    kind = runtime({"map": segmenter_map() * 60})  # grey levels
    path = labels_file(tmp_path, "0: sky\n1: a\n2: b\n")
    with pytest.raises(ModelError, match="there are 3 labels but the segmenter gives class 120"):
        service(kind, tmp_path, label_path=path).inspect()


def test_labels_that_may_leave_out_the_background_are_refused(tmp_path: Path) -> None:
    path = labels_file(tmp_path, "a\nb\nc\n")
    with pytest.raises(ModelError) as caught:
        service(runtime({"map": segmenter_map()}), tmp_path, label_path=path).inspect()
    assert str(caught.value) == (
        f"{path}: nothing shows whether class 0 is a or the background, which the 3 labels may leave out: begin the "
        "list with a line `background`, or number its lines, the first one `0: a`"
    )
    packed = runtime({"map": segmenter_map()}, metadata=Metadata(labels=("a", "b", "c")))
    with service(packed, tmp_path).open_session() as segmenter:
        assert [item.label for item in segmenter.predict(Segmentation, frame())] == ["a", "c"]


def test_a_picture_that_keeps_its_shape_is_segmented_without_its_bars(tmp_path: Path) -> None:
    kind = runtime({"map": segmenter_map()})
    with service(kind, tmp_path, input_fit="letterbox").open_session() as segmenter:
        found = segmenter.predict(Segmentation, frame(8, 4))
    assert kind.requests[-1]["input"][0, :, 0, 0].tolist() == [0, 30, 30, 0]
    assert {item.label: item.mask.shape for item in found} == {"0": (2, 4), "2": (2, 4)}


def raw_rows(*rows: Sequence[float], columns: bool = True) -> np.ndarray[Any, Any]:
    """Return what a head like YOLOv8's gives on an input of 32 pixels: 21 cells, two labels."""
    made = np.zeros((21, 6))
    made[:, :4] = 16
    made[: len(rows)] = rows
    return made.T[None] if columns else made[None]


HEAD_INPUT = TensorInfo("input", (1, 3, 32, 32), np.dtype(np.float32))


def test_an_inferred_head_sets_the_preparation_of_the_input(tmp_path: Path) -> None:
    kind = runtime({"out": raw_rows((16, 16, 32, 8, 0.9, 0.1))}, info=HEAD_INPUT)
    with service(kind, tmp_path, label_path=labels_file(tmp_path, "cat\ndog\n")).open_session() as detector:
        assert detector.service.kinds == {"detections"}
        assert detector.service.labels == ("cat", "dog")
        (item,) = detector.predict(Detection, frame(8, 4, (51, 102, 255)))
    assert (item.label, item.box) == ("cat", BoundingBox(0.0, 0.25, 1.0, 0.75))
    fed = kind.requests[-1]["input"][0]
    assert fed[:, 16, 16] == pytest.approx([1.0, 0.4, 0.2])
    assert fed[:, 0, 0] == pytest.approx([114 / 255] * 3)


def test_a_head_and_what_goes_in_are_as_declared(tmp_path: Path) -> None:
    kind = runtime({"out": raw_rows((16, 16, 32, 8, 0.9, 0.1), columns=False)}, info=HEAD_INPUT)
    declared: dict[str, Any] = {
        "head": "yolov8",
        "input_image_bgr": True,
        "input_fit": "stretch",
        "input_image_mean_value": (0.2, 0.4, 1.0),
        "input_image_std_dev": (1.0, 1.0, 1.0),
    }
    with service(kind, tmp_path, **declared).open_session() as detector:
        (item,) = detector.predict(Detection, frame(8, 4, (51, 102, 255)))
    assert (item.label, item.box) == ("0", BoundingBox(0.0, 0.375, 1.0, 0.625))
    assert kind.requests[-1]["input"] == pytest.approx(np.zeros((1, 3, 32, 32)), abs=1e-6)


def test_overlap_and_number_of_boxes_are_as_declared(tmp_path: Path) -> None:
    rows = raw_rows(*((16 + x, 16, 16, 8, 0.9 - x / 10, 0) for x in range(4)))
    all_stay = {"iou_threshold": 1.0}
    cases: list[tuple[dict[str, Any], int]] = [({}, 1), (all_stay, 4), (all_stay | {"max_detections": 2}, 2)]
    for declared, count in cases:
        with service(runtime({"out": rows}, info=HEAD_INPUT), tmp_path, **declared).open_session() as detector:
            assert len(detector.predict(Detection, frame())) == count


def test_finished_boxes_that_overlap_stay_unless_declared_otherwise(tmp_path: Path) -> None:
    twice = {"boxes": np.array([[[0.0, 0.0, 0.5, 1.0], [0.0, 0.0, 0.5, 0.9]]]), "scores": np.array([[0.9, 0.8]])}
    cases: list[tuple[dict[str, Any], int]] = [({}, 2), ({"iou_threshold": 0.5}, 1), ({"max_detections": 1}, 1)]
    for declared, count in cases:
        with service(runtime(twice), tmp_path, **declared).open_session() as detector:
            assert len(detector.predict(Detection, frame())) == count


def test_outputs_that_only_look_like_a_head_are_read_without_one(tmp_path: Path) -> None:
    rows = {"out": raw_rows((16, 16, 32, 8, 0.9, 0.1))}
    with pytest.raises(ModelError, match="neither a classifier, a detector nor a segmenter"):
        service(runtime(rows, info=HEAD_INPUT), tmp_path, head="none").inspect()


def test_a_head_of_an_input_of_any_size_takes_the_one_that_is_usual(tmp_path: Path) -> None:
    def function(inputs: Any) -> dict[str, Any]:
        side = inputs["input"].shape[2]
        return {"out": np.zeros((1, 6, sum((side // stride) ** 2 for stride in (8, 16, 32))), np.float32)}

    info = TensorInfo("input", (1, 3, -1, -1), np.dtype(np.float32))
    kind = runtime(function, info=info)
    kind.outputs = (TensorInfo("out", (1, 6, -1), np.dtype(np.float32)),)
    kind.function = staticmethod(function)
    with service(kind, tmp_path).open_session() as detector:
        assert detector.predict(Detection, frame()) == ()
    assert kind.requests[-1]["input"].shape == (1, 3, 640, 640)


def test_a_model_file_may_stand_on_the_service_itself(tmp_path: Path) -> None:
    path = tmp_path / "made.tflite"
    path.write_bytes(tflite_models.classifier(dtype="uint8", scale=1 / 255))
    declared = MlModelAttributes(model_path=path, num_threads=1)
    with MlModelVision(
        "made", declared, models=SharedModels(Verifier(tmp_path / "cache"))
    ).open_session() as classifier:
        best = classifier.predict(Classification, frame(color=(0, 0, 255)))[0]
    assert (best.label, round(best.confidence, 3)) == ("0", 1.0)


def test_a_quantised_model_with_channels_first_is_fed_normalised_and_read_as_a_distribution(tmp_path: Path) -> None:
    path = tmp_path / "made.tflite"
    quantised: dict[str, Any] = {"dtype": "int8", "scale": 0.0187, "zero_point": -14}
    given, taken = (
        tflite_models.tensor("picture", (1, 3, 2, 2), **quantised),
        tflite_models.tensor("scores", (1, 12), **quantised),
    )
    path.write_bytes(tflite_models.model(given, taken, "RESHAPE"))
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    declared = MlModelAttributes(model_path=path, input_image_mean_value=mean, input_image_std_dev=std)
    with MlModelVision(
        "made", declared, models=SharedModels(Verifier(tmp_path / "cache"))
    ).open_session() as classifier:
        found = {
            item.label: item.confidence for item in classifier.predict(Classification, frame(color=(50, 100, 200)))
        }
    normalised = np.repeat((np.array([200, 100, 50]) / 255 - mean) / std, 4)
    powers = np.exp(normalised)
    assert [found[str(number)] for number in range(12)] == pytest.approx((powers / powers.sum()).tolist(), abs=0.01)


@pytest.mark.parametrize(
    ("attributes", "path", "sentence"),
    [
        ({}, (), "Value error, must have either mlmodel_name or model_path"),
        ({"mlmodel_name": "m", "model_path": "m"}, (), "Value error, must have either mlmodel_name or model_path"),
        (
            {"mlmodel_name": "m", "num_threads": 2},
            (),
            "Value error, num_threads needs model_path; with mlmodel_name, set it on that model",
        ),
        (
            {"xmin_ymin_xmax_ymax_order": [0, 1, 2]},
            ("xmin_ymin_xmax_ymax_order",),
            "Value error, must hold 0, 1, 2 and 3, each once, got [0, 1, 2]",
        ),
        (
            {"input_image_mean_value": [0.5]},
            ("input_image_mean_value",),
            "Value error, must be 3 numbers, one per channel, got [0.5]",
        ),
        (
            {"input_image_std_dev": [1.0, 0.0, 1.0]},
            ("input_image_std_dev",),
            "Value error, must not contain 0, got [1.0, 0.0, 1.0]",
        ),
        (
            {"label_confidences": {"cat": 1.5}},
            ("label_confidences", "cat"),
            "Input should be less than or equal to 1",
        ),
        ({"iou_threshold": 1.5}, ("iou_threshold",), "Input should be less than or equal to 1"),
        ({"max_detections": 0}, ("max_detections",), "Input should be greater than or equal to 1"),
        (
            {"input_fit": "crop"},
            ("input_fit",),
            "Input should be 'stretch' or 'letterbox'",
        ),
        (
            {"head": "yolo"},
            ("head",),
            "Input should be " + ", ".join(map(repr, HEAD_NAMES[:-1])) + f" or {HEAD_NAMES[-1]!r}",
        ),
        (
            {"default_minimum_confidence": -1},
            ("default_minimum_confidence",),
            "Input should be greater than or equal to 0",
        ),
        (
            {"remap_output_names": {"x": "class"}},
            ("remap_output_names", "x"),
            "Input should be 'probability', 'location', 'category', 'score' or 'count'",
        ),
    ],
)
def test_invalid_attributes_are_refused(attributes: dict[str, Any], path: tuple[str, ...], sentence: str) -> None:
    if path:
        attributes = {"mlmodel_name": "m"} | attributes
    with pytest.raises(ValidationError) as caught:
        MlModelAttributes.model_validate(attributes)
    (problem,) = caught.value.errors()
    assert (problem["loc"], problem["msg"]) == (path, sentence)


def test_files_that_are_not_there_are_named_at_check(tmp_path: Path) -> None:
    declared = MlModelAttributes(model_path=tmp_path / "model.tflite", label_path=tmp_path)
    assert list(declared.check()) == [
        (("model_path",), f"no such file: {tmp_path}/model.tflite"),
        (("label_path",), f"is not a file: {tmp_path}"),
    ]
    assert list(RuntimeAttributes(model_path=labels_file(tmp_path)).check()) == []


def raw(labels: int, *, more: float | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """Return what a head like YOLOv8's gives on an input of 32 pixels, with a further column of a value."""
    columns = np.zeros((4 + labels + (more is not None), 21), np.float32)
    columns[:4], columns[4] = 16.0, 0.9
    if more is not None:
        columns[-1] = more
    return {"out": columns[np.newaxis]}


RAW_INPUT = TensorInfo("input", (1, 32, 32, 3), np.dtype(np.uint8))


@pytest.mark.parametrize(
    ("text", "scores", "sentence"),
    [
        ("a\nb\n", 4, "there are 2 labels but the head yolov8 gives 4 scores"),
        ("a\nb\nc\nd\ne\n", 1, "there are 5 labels but the head yolov8 gives 1 scores"),
        ("0: a\n7: b\n", 4, "there are 8 labels (a number and a label per line, 0 to 7 with 6 unused) but the head "
         "yolov8 gives 4 scores"),
    ],
)  # fmt: skip
def test_too_few_and_too_many_labels_of_a_head_are_one_error(
    tmp_path: Path, text: str, scores: int, sentence: str
) -> None:
    path = labels_file(tmp_path, text)
    with pytest.raises(ModelError) as caught:
        service(runtime(raw(scores), info=RAW_INPUT), tmp_path, label_path=path).inspect()
    assert str(caught.value) == f"{path}: {sentence}"


@pytest.mark.parametrize(("text", "first"), [("???\na\nb\n", "a"), ("1 a\n2 b\n", "a"), ("0: x\n9: y", "x")])
def test_a_head_takes_the_labels_that_fit(tmp_path: Path, text: str, first: str) -> None:
    detector = service(runtime(raw(2), info=RAW_INPUT), tmp_path, label_path=labels_file(tmp_path, text))
    with detector.open_session() as session:
        assert session.predict(Detection, frame())[0].label == first
    assert detector.understood is not None
    assert detector.understood.labels_from == "labels.txt"
    assert detector.understood.because["labels_from"].startswith(("one label per line; the first", "a number and a"))


def test_columns_that_are_no_scores_are_no_classes(tmp_path: Path) -> None:
    path = labels_file(tmp_path, "a\nb\n")
    kind = runtime(raw(2, more=1.5), info=RAW_INPUT)  # an angle
    with service(kind, tmp_path, label_path=path).open_session() as detector:
        assert [item.label for item in detector.predict(Detection, frame())][:1] == ["a"]
    with pytest.raises(ModelError, match="there are 2 labels but the head yolov8 gives 3 scores"):
        service(runtime(raw(2, more=0.5), info=RAW_INPUT), tmp_path, label_path=path).inspect()


def test_a_class_in_a_gap_of_the_list_is_named_by_its_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    detector = service(runtime(DETECTOR), tmp_path, label_path=labels_file(tmp_path, "0: a\n1: b\n9: c\n"))
    with detector.open_session() as session:
        for _ in range(2):
            assert [item.label for item in session.predict(Detection, frame())] == ["class 2", "a"]
    assert detector.unknown == 2
    assert caplog.text.count("which has no label among its 10") == 1


@pytest.mark.parametrize(("text", "warned"), [("A\nb\nc\n", False), ("a\nc\nb\n", True), ("a\nb\nc\nd\n", True)])
def test_labels_that_differ_from_those_in_the_model_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, warned: bool
) -> None:
    kind = runtime(DETECTOR, metadata=Metadata(labels=("a", "b", "c")))
    service(kind, tmp_path, label_path=labels_file(tmp_path, text)).inspect()
    assert ("labels.txt differs from the labels in the model file" in caplog.text) == warned


def refused(runtime_type: type[FakeRuntime], folder: Path, **attributes: Any) -> str:
    with pytest.raises(ModelError) as caught:
        service(runtime_type, folder, **attributes).inspect()
    return str(caught.value).removeprefix(f"{folder}/model.fake: ")


VECTOR = np.random.default_rng(0).normal(size=(1, 128))
PLANE = np.random.default_rng(0).random((1, 4, 4, 1))


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        ({"out": VECTOR / np.linalg.norm(VECTOR)}, "is an embedding, a vector that describes the picture, not scores"),
        ({"embedding": np.ones((1, 100)) * 3}, "is an embedding"),
        ({"out": VECTOR}, "may be scores or an embedding"),
        ({"out": np.array([[12.0, 30.0, 88.0, 71.0]])}, "is neither probabilities nor logits, from 12 to 88"),
        ({"out": np.array([[0.3, 0.9, 0.2, 0.8]])}, "may be probabilities or places, all from 0 to 1"),
        ({"out": np.array([2])}, "has class numbers, not scores; export the model without its argmax"),
        ({"predicted_depth": PLANE}, "is a depth map by its name"),
        ({"out": PLANE}, "may be a mask or a depth map; for a mask, set label_path or declare kind: segmentations"),
        ({"out": np.full((1, 4, 4, 3), 0.7)}, "nothing says that its 3 planes are classes"),
        ({"a": np.full((1, 9, 4), 0.5), "b": np.full((1, 9, 3), 0.5)}, "may be boxes, but is no list of corners"),
        (
            {"boxes_8": np.ones((1, 9, 4)), "boxes_16": np.ones((1, 4, 4)), "scores": np.ones((1, 9))},
            "several outputs may be boxes, boxes_8 and boxes_16",
        ),
        (
            DETECTOR | {"boxes": np.array([[[0.5, 1.0, 0.0, 0.0], [1.0, 1.0, 0.5, 0.5]]])},
            r"is no list of corners in the order [1, 0, 3, 2]",
        ),
    ],
)
def test_what_no_evidence_explains_is_refused_with_what_to_declare(
    tmp_path: Path, outputs: dict[str, Any], sentence: str
) -> None:
    message = refused(runtime(outputs), tmp_path)
    assert sentence in message


def test_a_declared_kind_is_evidence(tmp_path: Path) -> None:
    vector = service(runtime({"out": VECTOR}), tmp_path, kind="classifications")
    vector.inspect()
    plane = service(runtime({"out": PLANE}), tmp_path, kind="segmentations")
    plane.inspect()
    assert vector.kinds == {"classifications"}
    assert plane.kinds == {"segmentations"}
    assert vector.understood is not None
    assert vector.understood.because["kind"] == "a classifier: declared as kind"
    message = refused(runtime(SCORES), tmp_path, kind="detections")
    assert message.startswith("the model gives no detections (for a detector with raw outputs, set head)")


def test_declared_finished_boxes_are_taken_as_they_are(tmp_path: Path) -> None:
    outputs = {"a": np.array([[[0.1, 0.2, 0.5, 0.6], [0.9, 0.9, 0.1, 0.1]]]), "b": np.array([[[0.9, 0.1], [0.2, 0.3]]])}
    assert "may be boxes" in refused(runtime(outputs), tmp_path)
    for head in ("none", "ssd"):
        with service(runtime(outputs), tmp_path, head=head).open_session() as detector:
            assert [item.label for item in detector.predict(Detection, frame())] == ["0"]


def test_boxes_that_are_not_in_the_picture_mean_something_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outputs = DETECTOR | {"boxes": np.array([[[10.0, 10, 30, 30], [2, 2, 3, 3]], [[20, 20, 30, 30], [0, 0, 8, 8]]])[:1]}
    message = "50% of the boxes of the trial run are not in the picture of 4x4, so their numbers mean something else"
    service(runtime(outputs), tmp_path).inspect()  # one may be anywhere
    outputs["boxes"][0, 1] += 6
    assert refused(runtime(outputs), tmp_path) == (
        f"{message.replace('50', '100')}, such as pixels of another size; declare head, or export the model with boxes "
        "in fractions or pixels of its input"
    )
    service(runtime(outputs), tmp_path, head="none").inspect()
    assert message.replace("50", "100") in caplog.text


def test_a_size_is_declared_for_an_input_that_accepts_any(tmp_path: Path) -> None:
    info = TensorInfo("input", (1, -1, -1, 3), np.dtype(np.uint8))
    kind = runtime(SCORES, info=info)
    with service(kind, tmp_path, input_size_px=(6, 5)).open_session() as classifier:
        classifier.predict(Classification, frame())
        understood = classifier.service.understood
    assert kind.requests[-1]["input"].shape == (1, 5, 6, 3)
    assert understood is not None
    assert (understood.input.width_px, understood.input.height_px) == (6, 5)
    assert understood.because["input"] == "declared as input_size_px"
    assert refused(runtime(SCORES), tmp_path, input_size_px=(6, 5)) == (
        "input_size_px is [6, 5], but input input [1, 4, 4, 3] uint8 accepts only pictures of its own size"
    )


def test_a_model_that_accepts_any_size_but_not_every_one_wants_it_declared(tmp_path: Path) -> None:
    def function(inputs: Any) -> dict[str, Any]:
        if inputs["input"].shape[1:3] not in ((1, 1), (224, 224)):
            raise ModelError("the model fails: Got invalid dimensions")
        return {"out": np.array([[0.5, 0.5]], np.float32)}

    kind = runtime(function, info=TensorInfo("input", (1, -1, -1, 3), np.dtype(np.float32)))
    assert refused(kind, tmp_path).endswith("but not of every size: set input_size_px")
    service(kind, tmp_path, input_size_px=(224, 224)).inspect()


def test_a_mean_of_127_is_a_warning_where_the_input_takes_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service(runtime(SCORES), tmp_path, input_image_mean_value=[127.5] * 3).inspect()
    assert caplog.messages == [
        "service fake: input_image_mean_value is [127.5, 127.5, 127.5], but applies to pixel values from 0 to 1; in "
        "fractions of 255 it is [0.5, 0.5, 0.5]; ignored, since the model takes the pixels as bytes"
    ]


def test_what_a_trial_run_or_a_declaration_makes_doubtful_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service(runtime(DETECTOR), tmp_path, label_path=labels_file(tmp_path, "a\nb\n")).inspect()
    service(runtime(DETECTOR), tmp_path, label_path=labels_file(tmp_path)).inspect()
    info = TensorInfo("input", (1, 4, 4, 3), np.dtype(np.float32))
    service(runtime(SCORES, info=info), tmp_path, input_image_mean_value=[0.0] * 3).inspect()
    assert caplog.messages == [
        "service fake: there are 2 labels, but the trial run has class 2, counted from 0; what has no label is named "
        "by its number",
        "service fake: only input_image_mean_value is declared of input_image_mean_value and input_image_std_dev",
    ]


@pytest.mark.parametrize(
    ("shape", "attributes", "warned"),
    [
        ((1, 3, 8, 8), {}, True),
        ((1, 1, 8, 8), {}, True),
        ((1, 8, 8, 3), {}, False),  # as from Keras
        ((1, 3, 8, 8), {"input_image_mean_value": [0.5] * 3, "input_image_std_dev": [0.5] * 3}, False),
    ],
)
def test_a_range_that_nothing_shows_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, shape: tuple[int, ...], attributes: dict[str, Any], warned: bool
) -> None:
    kind = runtime(SCORES, info=TensorInfo("input", shape, np.dtype(np.float32)))
    service(kind, tmp_path, **attributes).inspect()
    told = "service fake: nothing shows which range of colors the model takes, so it gets -1 to 1: declare "
    assert [message.startswith(told) for message in caplog.messages] == [True] * warned
    assert ("ImageNet" in caplog.text) == (warned and shape[1] == 3)


def test_scores_near_zero_are_logits_if_some_are_negative(tmp_path: Path) -> None:
    with service(runtime({"out": np.array([[0.004, -0.002]])}), tmp_path).open_session() as classifier:
        found = classifier.predict(Classification, frame())
    assert [round(item.confidence, 3) for item in found] == [0.501, 0.499]


def test_what_was_understood_is_said_with_its_reasons(tmp_path: Path) -> None:
    detector = service(runtime(DETECTOR), tmp_path, label_path=labels_file(tmp_path))
    detector.inspect()
    assert detector.understood is not None
    understood = detector.understood.to_wire()
    assert understood == {
        "input": {"width_px": 4, "height_px": 4, "range": [0.0, 255.0], "color_order": "rgb"},
        "head": "ssd",
        "boxes": "y_min, x_min, y_max, x_max",
        "activation": "none",
        "labels_from": "labels.txt",
        "because": {
            "kind": "a detector: its output boxes [1, 2, 4] holds boxes, with a class number and a score each",
            "head": "its output boxes [1, 2, 4] holds boxes, with a class number and a score each",
            "boxes": "most finished detectors give this order; if not, declare xmin_ymin_xmax_ymax_order",
            "activation": "no score of the trial run is negative",
            "input": "the only size that the input takes",
            "range": "the input takes uint8, the pixels as they are",
            "color_order": "most models take RGB",
            "labels_from": "one label per line",
        },
    }


def test_the_order_of_a_box_is_declared_where_nothing_shows_it(tmp_path: Path) -> None:
    info = TensorInfo("images", (1, 3, 32, 32), np.dtype(np.float32))
    kind = runtime(DETECTOR, info=info)
    assert refused(kind, tmp_path) == (
        "nothing shows the order of the numbers of a box in boxes: set xmin_ymin_xmax_ymax_order, [0, 1, 2, 3] if "
        "x_min is the first"
    )
    service(kind, tmp_path, xmin_ymin_xmax_ymax_order=[0, 1, 2, 3]).inspect()
    named = {f"TFLite_Detection_PostProcess:{place}": array for place, array in enumerate(DETECTOR.values())}
    service(runtime(named, info=info), tmp_path).inspect()


@pytest.mark.parametrize(
    ("outputs", "metadata", "size", "boxes", "reason"),
    [
        ({}, Metadata(producer="pytorch"), (32, 32), "x_min, y_min, x_max, y_max", "PyTorch wrote the file"),
        ({"boxes": "xyxy"}, Metadata(), (32, 32), "x_min, y_min, x_max, y_max", "the output is named xyxy"),
        ({}, Metadata(), (64, 32), "x_min, y_min, x_max, y_max", "would reach far beyond the input"),
        ({}, Metadata(), (32, 64), "y_min, x_min, y_max, x_max", "would reach far beyond the input"),
    ],
)
def test_the_order_of_a_box_needs_evidence(
    tmp_path: Path, outputs: dict[str, str], metadata: Metadata, size: tuple[int, int], boxes: str, reason: str
) -> None:
    width, height = size
    info = TensorInfo("images", (1, 3, height, width), np.dtype(np.float32))
    arrays = {outputs.get(name, name): np.asarray(array) for name, array in DETECTOR.items()}
    if "beyond" in reason:
        arrays["boxes"] = np.array([[[4.0, 4.0, 60.0, 30.0], [1.0, 2.0, 9.0, 8.0]]])
    model = service(runtime(arrays, info=info, metadata=metadata), tmp_path)
    model.inspect()
    assert model.understood is not None
    assert model.understood.boxes == boxes
    assert reason in model.understood.because["boxes"]


@pytest.mark.parametrize(
    ("score", "attributes", "found", "activation"),
    [
        (0.8, {}, [("dogs", 0.8), ("cats", 0.2)], "none"),
        (0.2, {}, [("cats", 0.8), ("dogs", 0.2)], "none"),
        (-2.0, {}, [("cats", 0.881), ("dogs", 0.119)], "sigmoid"),
        (0.0, {"activation": "sigmoid"}, [("cats", 0.5), ("dogs", 0.5)], "sigmoid"),
        (np.nan, {}, [], "none"),
    ],
)
def test_one_score_for_two_labels_is_that_of_the_second(
    tmp_path: Path, score: float, attributes: dict[str, Any], found: list[tuple[str, float]], activation: str
) -> None:
    kind = runtime({"dense": np.array([[score]])})
    model = service(kind, tmp_path, label_path=labels_file(tmp_path, "cats\ndogs\n"), **attributes)
    with model.open_session() as classifier:
        made = classifier.predict(Classification, frame())
    assert [(item.label, round(item.confidence, 3)) for item in made] == found
    assert model.understood is not None and model.understood.activation == activation
    assert "the one score is that of the second label, dogs" in model.understood.because["kind"]


def test_percentages_are_fractions_of_a_hundred(tmp_path: Path) -> None:
    model = service(runtime({"out": np.array([[70.0, 20.0, 10.0]])}), tmp_path, label_path=labels_file(tmp_path))
    with model.open_session() as classifier:
        found = classifier.predict(Classification, frame())
    assert [(item.label, round(item.confidence, 3)) for item in found] == [("a", 0.7), ("b", 0.2), ("c", 0.1)]
    assert model.understood is not None
    assert model.understood.because["activation"] == "the scores of the trial run are 0.1 to 0.7, as percentages"


def test_boxes_with_a_score_per_label_are_merged(tmp_path: Path) -> None:
    boxes = np.array([[[0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.52], [0.6, 0.6, 0.9, 0.9]]])
    kind = runtime({"boxes": boxes, "scores": np.array([[[0.9, 0.1], [0.8, 0.1], [0.7, 0.1]]])})
    for attributes, count in (({}, 2), ({"iou_threshold": 1.0}, 3), ({"max_detections": 1}, 1)):
        with service(kind, tmp_path, **attributes).open_session() as detector:
            assert len(detector.predict(Detection, frame())) == count


LARGER = TensorInfo("input", (1, 32, 32, 3), np.dtype(np.uint8))


def test_a_background_that_torchvision_lists_is_class_zero(tmp_path: Path) -> None:
    outputs = {"boxes": np.array([[1.0, 1, 9, 9]]), "labels": np.array([1]), "scores": np.array([0.9])}
    for text in ("__background__\nperson\nbicycle\n", "person\nbicycle\n"):
        with service(
            runtime(outputs, info=LARGER), tmp_path, label_path=labels_file(tmp_path, text)
        ).open_session() as detector:
            assert [item.label for item in detector.predict(Detection, frame())] == ["person"]


@pytest.mark.parametrize(
    ("outputs", "highest"),
    [
        ({"boxes": np.array([[1.0, 1, 9, 9]]), "labels": np.array([90]), "scores": np.array([0.9])}, 89),
        (DETECTOR | {"classes": np.array([[89.0, 2.0]])}, 89),
        ({"dets": np.array([[[1.0, 1, 9, 9, 0.9]]]), "labels": np.array([[79]])}, 79),
    ],
)
def test_the_names_of_coco_in_a_row_fit_any_detector_of_coco(
    tmp_path: Path, outputs: dict[str, Any], highest: int
) -> None:
    names = ["person", *(f"thing {number}" for number in range(78)), "toothbrush"]
    with service(
        runtime(outputs, info=LARGER), tmp_path, label_path=labels_file(tmp_path, "\n".join(names))
    ).open_session() as made:
        assert "toothbrush" in [item.label for item in made.predict(Detection, frame())]
        assert made.service.labels.index("toothbrush") == highest


def test_the_names_of_coco_in_a_row_need_a_reason_for_torchvision(tmp_path: Path) -> None:
    outputs = {"boxes": np.array([[1.0, 1, 9, 9]]), "labels": np.array([18]), "scores": np.array([0.9])}
    path = labels_file(tmp_path, "\n".join(["person", *(f"thing {number}" for number in range(78)), "toothbrush"]))
    with pytest.raises(ModelError, match="there are 80 labels of COCO, but such models number its 80 classes 1 to 90"):
        service(runtime(outputs, info=LARGER), tmp_path, label_path=path).inspect()


def test_a_softmax_of_one_score_is_refused(tmp_path: Path) -> None:
    assert refused(runtime({"dense": np.array([[0.3]])}), tmp_path, activation="softmax") == (
        "activation: softmax needs several scores, but output dense has one; use sigmoid"
    )


PLANES = np.full((1, 4, 4), 1, np.int64)
ROWS = np.array([[[0.1, 0.1, 0.5, 0.5], [0.2, 0.2, 0.8, 0.9]]])


@pytest.mark.parametrize(
    ("outputs", "attributes", "sentence"),
    [
        (DETECTOR, {}, "activation: softmax needs a score per label, but scores has one for each box"),
        (
            {"argmax": PLANES},
            {},
            "activation: softmax has no effect: argmax has class numbers, not scores",
        ),
        (
            {"mask": PLANE},
            {"kind": "segmentations"},
            "activation: softmax needs a score per label, but mask has one for each pixel",
        ),
        (
            {"out": np.full((1, 84, 8400), 0.3)},
            {"input_size_px": (640, 640)},
            "activation: softmax has no effect with head: yolov8, which takes its scores as they are",
        ),
    ],
)
def test_an_activation_without_an_effect_is_refused(
    tmp_path: Path, outputs: dict[str, Any], attributes: dict[str, Any], sentence: str
) -> None:
    info = TensorInfo("images", (1, -1, -1, 3), np.dtype(np.float32)) if "input_size_px" in attributes else INPUT
    assert refused(runtime(outputs, info=info), tmp_path, activation="softmax", **attributes) == sentence


@pytest.mark.parametrize(
    ("outputs", "attributes", "activation", "confidence"),
    [
        ({"boxes": ROWS, "scores": np.array([[-1.0, 2.0]])}, {}, "sigmoid", 0.881),
        ({"boxes": ROWS, "scores": np.array([[0.3, 0.7]])}, {}, "none", 0.7),
        ({"boxes": ROWS, "scores": np.array([[0.7, -1.0]])}, {}, "none", 0.7),  # padded
        ({"boxes": ROWS, "scores": np.array([[0.3, 0.7]])}, {"activation": "sigmoid"}, "sigmoid", 0.668),
        ({"boxes": ROWS, "scores": np.array([[3.0, 70.0]])}, {}, "none", 0.7),
        ({"boxes": ROWS, "scores": np.array([[[-1.0, 2.0], [0.0, 0.0]]])}, {}, "sigmoid", 0.881),
        ({"boxes": ROWS, "scores": np.array([[[0.5, 2.0], [0.0, 0.0]]])}, {"activation": "softmax"}, "softmax", 0.818),
    ],
)
def test_the_scores_of_finished_boxes_are_understood_once(
    tmp_path: Path, outputs: dict[str, Any], attributes: dict[str, Any], activation: str, confidence: float
) -> None:
    model = service(runtime(outputs), tmp_path, **attributes)
    with model.open_session() as detector:
        found = detector.predict(Detection, frame())
    assert round(found[0].confidence, 3) == confidence
    assert model.understood is not None and model.understood.activation == activation


def test_the_scores_among_other_outputs_are_known_by_their_name(tmp_path: Path) -> None:
    outputs = {"last_hidden_state": np.zeros((1, 5, 8)), "logits": np.array([[4.0, -1.0]]), "pooled": np.ones((1, 8))}
    with service(runtime(outputs), tmp_path).open_session() as classifier:
        assert [item.label for item in classifier.predict(Classification, frame())] == ["0", "1"]


@pytest.mark.parametrize(
    "outputs",
    [
        {"out": np.full((1, 1, 32, 32), 0.3)},  # a heat map
        {"out": np.full((1, 40, 97), 0.01)},  # letters of a text
        {"boxes": np.full((1, 63, 1, 4), 0.5), "confs": np.full((1, 63, 80), 0.1)},  # YOLOv4
        {"scores": np.full((1, 21, 80), 0.1), "boxes": np.full((1, 21, 4), 0.5)},
    ],
)
def test_outputs_that_resemble_a_head_are_none(tmp_path: Path, outputs: dict[str, Any]) -> None:
    info = TensorInfo("images", (1, 3, 32, 32), np.dtype(np.float32))
    refused(runtime(outputs, info=info), tmp_path)
