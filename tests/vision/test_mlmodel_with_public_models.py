"""Models as people bring them, from public bug reports: each gives what is right, or a refusal that says what to do."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from cameras import Classification, Detection, Frame, Pixels
from tests.shared import CASES as ALL_CASES
from tests.shared import DATA, needs_cases
from tests.vision import golden
from vision import LiteRt, MlModelAttributes, MlModelVision, ModelError, Onnx
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier

CASES = ALL_CASES / "models"

pytestmark = needs_cases


class TrustedOnnx(Onnx):
    trusted = True


class TrustedLiteRt(LiteRt):
    trusted = True


RUNTIMES = {kind.model_name: kind for kind in (TrustedOnnx, TrustedLiteRt)}


@pytest.fixture
def models(tmp_path: Any) -> SharedModels:
    return SharedModels(Verifier(tmp_path))


def service(models: SharedModels, path: str, **attributes: Any) -> MlModelVision:
    declared = MlModelAttributes(model_path=CASES / path, **attributes)
    return MlModelVision("s", declared, runtimes=RUNTIMES, models=models)


def base() -> Frame:
    image = cv2.imread(str(CASES / "base.png"))
    assert image is not None
    return Frame(Pixels.from_bgr(np.asarray(image, np.uint8)), 0, Fraction(1), 0.0)


Row = tuple[str, float, int, int, int, int]


def detected(model: MlModelVision, frame: Frame, least: float = 0.3) -> list[Row]:
    with model.open_session() as session:
        found = [item for item in session.predict(Detection, frame) if item.confidence >= least]
    return [(item.label, round(item.confidence, 3), *item.box.to_pixels(frame.width, frame.height)) for item in found]


@pytest.mark.parametrize(
    ("path", "attributes", "head", "rows"),
    [
        (
            "rfdetr/rfdetr.onnx",
            {},
            "rfdetr",
            [("1", 0.982, 160, 45, 480, 225), ("3", 0.953, 32, 9, 224, 135)],
        ),
        ("rtdetr_ultralytics/rtdetr_ul.onnx", {}, "rtdetr", [("car", 0.9, 160, 45, 480, 225)]),
        # Its boxes are constant, 160, 60 to 480, 300 of 640, whatever size it is given.
        ("second_input_dfine/dfine.onnx", {}, "rtdetr", [("2", 0.9, 160, 34, 480, 169)]),
        (
            "seven_columns_nas/yolonas_flat.onnx",
            {"label_path": CASES / "seven_columns_nas/coco_80.txt"},
            "yolo_nas",
            [("car", 0.9, 160, 45, 480, 225), ("person", 0.6, 20, 11, 120, 68)],
        ),
        ("tf2od_8outputs/tf2od.onnx", {}, "tf2_od", [("3", 0.9, 160, 45, 480, 225)]),
    ],
)
def test_detectors(models: SharedModels, path: str, attributes: dict[str, Any], head: str, rows: list[Row]) -> None:
    model = service(models, path, **attributes)
    assert detected(model, base()) == rows
    assert model.understood is not None
    assert model.understood.head == head
    assert all(model.understood.because[key] for key in ("kind", "head", "boxes", "activation", "range", "labels_from"))


@pytest.mark.parametrize(
    ("path", "head"), [("modelmaker_raw/modelmaker.tflite", "mediapipe"), ("yolo_grid/cv_yolo.onnx", "custom_vision")]
)
def test_detectors_of_noise_are_decoded_by_their_head(models: SharedModels, path: str, head: str) -> None:
    model = service(models, path)
    model.inspect()
    assert model.understood is not None
    assert model.kinds == {"detections"}
    assert model.understood.head == head


def test_yunet_finds_the_faces_that_opencv_finds(models: SharedModels) -> None:
    """The golden rows are those of ``cv2.FaceDetectorYN``: left, top, width and height."""
    model = service(models, "yunet/face_detection_yunet_2026may.onnx")
    found = [row[2:] for row in detected(model, golden.photograph(DATA, "face.jpg"), 0.9)]
    wanted = [(259, 51, 91, 122), (441, 120, 49, 65), (8, 102, 44, 60), (136, 90, 88, 115)]
    corners = [(left, top, left + width, top + height) for left, top, width, height in wanted]
    assert np.abs(np.array(found) - corners).max() <= 1


def classified(model: MlModelVision) -> dict[str, float]:
    with model.open_session() as session:
        return {item.label: round(item.confidence, 4) for item in session.predict(Classification, base())}


@pytest.mark.parametrize(
    ("path", "attributes", "scores"),
    [
        ("extra_map_output/cvclass.onnx", {}, {"0", "1"}),
        ("hf_any_dims/hfvit.onnx", {}, {"0", "1", "2"}),
        ("hf_any_dims/hfvit.onnx", {"input_size_px": (224, 224)}, {"0", "1", "2"}),
        ("multi_label/multilabel.onnx", {}, {"0": 0.6221, "1": 0.3773, "2": 0.0006}),
        ("multi_label/multilabel.onnx", {"activation": "sigmoid"}, {"0": 0.9526, "1": 0.9241, "2": 0.018}),
        ("ultralytics_cls_tflite/y8cls.onnx", {}, {"bright": 0.4453, "dark": 0.0}),
    ],
)
def test_classifiers(models: SharedModels, path: str, attributes: dict[str, Any], scores: Any) -> None:
    found = classified(service(models, path, **attributes))
    assert set(found) == scores if isinstance(scores, set) else found == scores


def test_verbose_names_the_activation_for_several_labels_at_once(models: SharedModels) -> None:
    model = service(models, "multi_label/multilabel.onnx")
    model.inspect()
    assert model.understood is not None
    assert model.understood.activation == "softmax"
    assert (
        "if several labels can be true at once, declare activation: sigmoid" in model.understood.because["activation"]
    )
    assert any(line.startswith("activation: softmax (") for line in model.understood.lines())


def test_a_mean_of_127_is_refused(models: SharedModels) -> None:
    mean = (127.5, 127.5, 127.5)
    model = service(models, "mean_127/plaincls.tflite", input_image_mean_value=mean, input_image_std_dev=mean)
    with pytest.raises(ModelError, match=r"input_image_mean_value is \[127.5, .* in fractions of 255 it is \[0.5, "):
        model.inspect()
