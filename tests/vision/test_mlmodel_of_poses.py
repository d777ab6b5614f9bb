"""Pose models as vision services: keypoints, and the boxes of the same objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cameras import Detection, Frame, Keypoints, Pixels
from tests.vision.fakes import frame, runtime, service
from tests.vision.outputs.heads.test_movenet import PERSON, SEVERAL, single
from tests.vision.outputs.heads.test_yolo_pose import CELLS, PEOPLE, raw
from vision import ModelError, UnsupportedKind
from vision.runtimes.base import Metadata, TensorInfo

SQUARE = TensorInfo("images", (1, 3, 64, 64), np.dtype(np.float32))
POSE = Metadata(
    labels=("person",),
    author="Ultralytics",
    task="pose",
    keypoints_shape=(3, 3),
    properties={"kpt_names": "{0: ['head', 'hand', 'foot']}", "skeleton": "[[0, 1]]"},
)


def wide() -> Frame:
    """Return a frame of 64x32."""
    return frame().with_pixels(Pixels.from_bgr(np.zeros((32, 64, 3), np.uint8)))


def test_a_pose_model_gives_keypoints_and_boxes_of_one_inference(tmp_path: Path) -> None:
    kind = runtime({"output0": raw(1, 3, 3).T[None]}, metadata=POSE, info=SQUARE)
    pose = service(kind, tmp_path, default_minimum_confidence=0.25)
    with pose.open_session() as session:
        assert pose.kinds == {"keypoints", "detections"}
        assert pose.labels == ("person",)
        before, picture = len(kind.requests), wide()
        found = session.predict(Keypoints, picture)
        boxes = session.predict(Detection, picture)
        assert len(kind.requests) - before == 1
    assert [(item.label, item.confidence, item.box) for item in found] == [
        (item.label, item.confidence, item.box) for item in boxes
    ]
    assert [item.confidence for item in found] == [pytest.approx(score, abs=0.001) for _, score, _, _ in PEOPLE]
    first = found[0]
    assert ([point.name for point in first.points], first.skeleton) == (["head", "hand", "foot"], ((0, 1),))
    assert (first.points[0].x * 64, first.points[0].y * 32) == pytest.approx(PEOPLE[0][3][0][:2], abs=0.02)
    assert pose.understood is not None
    assert pose.understood.head == "yolo_pose"
    assert pose.understood.because["kind"].startswith(
        "a pose model: output0 has a row for each cell of an input of 64x64"
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32])
def test_movenet_gives_a_person(tmp_path: Path, dtype: Any) -> None:
    kind = runtime({"output_0": single()}, info=TensorInfo("input", (1, 192, 192, 3), np.dtype(dtype)))
    pose = service(kind, tmp_path)
    with pose.open_session() as session:
        assert pose.kinds == {"keypoints", "detections"}
        [person] = session.predict(Keypoints, wide())
    assert (person.label, len(person.points)) == ("person", 17)
    assert person.confidence == pytest.approx(PERSON)
    picture = kind.requests[-1]["input"]
    assert (picture.dtype, float(picture[0, 96, 96].max()), float(picture[0, 0, 0].max())) == (dtype, 0.0, 0.0)
    assert pose.understood is not None and pose.understood.input.range == (0.0, 255.0)


def test_movenet_of_several_people_takes_pictures_in_their_shape(tmp_path: Path) -> None:
    kind = runtime({"output_0": SEVERAL}, info=TensorInfo("input", (1, -1, -1, 3), np.dtype(np.int32)))
    with service(kind, tmp_path).open_session() as session:
        assert len(session.predict(Keypoints, wide())) == 3
        session.predict(Keypoints, wide().with_pixels(Pixels.from_bgr(np.zeros((720, 1280, 3), np.uint8))))
    assert [request["input"].shape for request in kind.requests[-2:]] == [(1, 32, 64, 3), (1, 160, 256, 3)]


def test_thresholds_and_labels_apply_to_keypoints(tmp_path: Path) -> None:
    kind = runtime({"output0": raw(1, 3, 3).T[None]}, metadata=POSE, info=SQUARE)
    with service(kind, tmp_path, label_confidences={"Person": 0.8}).open_session() as session:
        assert len(session.predict(Keypoints, wide())) == 2


def test_the_kind_may_be_declared(tmp_path: Path) -> None:
    kind = runtime({"output0": raw(1, 3, 3).T[None]}, metadata=POSE, info=SQUARE)
    with service(kind, tmp_path, kind="keypoints").open_session() as session:
        assert len(session.predict(Keypoints, wide())) > 0


def test_a_detector_gives_no_keypoints(tmp_path: Path) -> None:
    kind = runtime({"output0": raw(1, 0, 3).T[None]}, metadata=Metadata(task="detect"), info=SQUARE)
    with service(kind, tmp_path).open_session() as session:
        with pytest.raises(UnsupportedKind, match="service fake gives detections, not keypoints"):
            session.predict(Keypoints, wide())
    with pytest.raises(ModelError, match="the model gives no keypoints"):
        service(kind, tmp_path, kind="keypoints").inspect()


def test_a_known_pose_model_that_is_not_decoded_is_refused_by_name(tmp_path: Path) -> None:
    kind = runtime({"simcc_x": np.zeros((1, 17, 384)), "simcc_y": np.zeros((1, 17, 512))}, info=SQUARE)
    with pytest.raises(
        ModelError, match="it is RTMPose or another SimCC model .*which is not decoded; models that run"
    ):
        service(kind, tmp_path).inspect()


def test_a_declared_pose_head_has_to_fit(tmp_path: Path) -> None:
    kind = runtime({"output0": np.zeros((1, CELLS, 6))}, info=SQUARE)
    with pytest.raises(ModelError, match=r"head: yolo_pose needs an output \[1, 4 \+ labels \+ 3 x points, boxes\]"):
        service(kind, tmp_path, head="yolo_pose").inspect()
