"""Label files and models of public bug reports: each gives what is right, or is refused for the right reason."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from cameras import Classification, Detection, Frame, Pixels, decode_image
from tests.shared import CASES, DATA, needs_cases, needs_data
from vision import MlModelAttributes, MlModelVision, ModelError
from vision.runtimes import LabelsError, read_labels
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier

pytestmark = needs_cases
MODELS = CASES / "models"
SSD = DATA / "models/coco_ssd_mobilenet_v1_quant.tflite"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> SharedModels:
    return SharedModels(Verifier(tmp_path_factory.mktemp("verified")))


def service(models: SharedModels, model: Path, labels: str = "") -> MlModelVision:
    declared = MlModelAttributes(model_path=model, label_path=MODELS / labels if labels else None)
    return MlModelVision("s", declared, models=models)


def picture(path: Path) -> Frame:
    return Frame(Pixels.from_bgr(decode_image(path.read_bytes())), 0, Fraction(1, 30), 0.0)


@needs_data
@pytest.mark.parametrize(
    "labels",
    ["labels_numbered_gaps/coral_gaps.txt", "labels_pbtxt/map.pbtxt", "labels_question_first/labelmap.txt"],
)
def test_the_detector_names_a_person_and_a_sheep(
    models: SharedModels, labels: str, caplog: pytest.LogCaptureFixture
) -> None:
    with service(models, SSD, labels).open_session() as detector:
        found = detector.predict(Detection, picture(DATA / "images/person_dog_horse.jpg"))
        assert detector.service.labels[:2] == ("person", "bicycle")
    assert [item.label for item in found if item.confidence > 0.5] == ["person", "sheep"]
    assert "differs from the labels in the model file" not in caplog.text


@needs_data
def test_a_list_for_another_detector_is_warned_of(
    models: SharedModels, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    shorter = tmp_path / "some.txt"
    shorter.write_text("".join(f"{line}\n" for line in (DATA / "labels/coco_80.txt").read_text().splitlines()[:-1]))
    MlModelVision("s", MlModelAttributes(model_path=SSD, label_path=shorter), models=models).inspect()
    count, names = caplog.messages[-2:]
    assert count == "service s: there are 79 labels, but the model has 91 scores for each box; names may be wrong"
    assert names.startswith("service s: some.txt differs from the labels in the model file: class 3 is motorbike in")
    assert names.endswith(" differ, there are 79 here and 90 in the model")


@needs_data
def test_the_names_of_coco_in_a_row_fit_a_detector_with_its_gaps(models: SharedModels) -> None:
    declared = MlModelAttributes(model_path=SSD, label_path=DATA / "labels/coco_80.txt")
    with MlModelVision("s", declared, models=models).open_session() as detector:
        found = detector.predict(Detection, picture(DATA / "images/person_dog_horse.jpg"))
    assert [item.label for item in found if item.confidence > 0.5] == ["person", "sheep"]


@pytest.mark.parametrize(
    ("labels", "classes", "names"),
    [
        ("labels_teachable/labels.txt", 2, ("printed", "not printed")),
        ("labels_one_row/one_space.txt", 1, ("hot dog",)),
    ],
)
def test_labels_of_a_known_number_of_classes(labels: str, classes: int, names: tuple[str, ...]) -> None:
    assert read_labels(MODELS / labels).fitted(classes, "").names == names
    assert read_labels(MODELS / labels).unbounded().names == names


@pytest.mark.parametrize(
    ("labels", "classes", "count"),
    [("labels_too_few_v5/p2.txt", 80, 2), ("labels_too_many_v8/coco_80.txt", 1, 80)],
)
def test_too_few_and_too_many_labels_are_refused(labels: str, classes: int, count: int) -> None:
    with pytest.raises(LabelsError, match=f"there are {count} labels but the head gives {classes} scores"):
        read_labels(MODELS / labels).fitted(classes, f"the head gives {classes} scores")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("edgetpu/edgetpu.tflite", "is compiled for an Edge TPU and runs only there; take the file that it was "
         r"compiled from \(without _edgetpu in its name\)"),
        ("ir_version/irnew.onnx", r"is written in IR version 99, and onnxruntime\S* reads up to \d+; update ONNX "
         r"Runtime"),
    ],
)  # fmt: skip
def test_models_that_cannot_run_say_why(models: SharedModels, model: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as caught:
        service(models, MODELS / model).inspect()
    assert "::" not in str(caught.value)


def test_metadata_of_a_classifier_are_the_same_in_all_three_forms(models: SharedModels) -> None:
    found = {}
    for name in ("y8cls.tflite", "y8cls_json.tflite", "y8cls.onnx"):
        with service(models, MODELS / "ultralytics_cls_tflite" / name).open_session() as classifier:
            results = classifier.predict(Classification, picture(MODELS / "base.png"))
        found[name] = {item.label: round(item.confidence, 2) for item in results}
    assert found == dict.fromkeys(found, {"bright": 0.45, "dark": 0.0})


def test_a_jpeg_with_zeros_between_segments_is_decoded() -> None:
    assert decode_image((MODELS / "jpeg_extraneous/extraneous.jpg").read_bytes()).ndim == 3
