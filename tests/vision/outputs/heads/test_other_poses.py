from __future__ import annotations

import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.other_poses import undecoded_pose
from vision.runtimes import Metadata

Shapes = dict[str, tuple[int, ...]]

# The shapes of published models.
KNOWN: list[tuple[str, tuple[int, int], Shapes]] = [
    ("PoseNet", (257, 257), {"a": (1, 9, 9, 17), "b": (1, 9, 9, 34), "c": (1, 9, 9, 32), "d": (1, 9, 9, 1)}),
    ("OpenPose", (456, 256), {"Mconv7_stage2_L1": (1, 38, 32, 57), "Mconv7_stage2_L2": (1, 19, 32, 57)}),
    ("OpenPose", (368, 368), {"net_output": (1, 57, 46, 46)}),
    (
        "MediaPipe's BlazePose",
        (256, 256),
        {"a": (1, 195), "b": (1, 1), "c": (1, 256, 256, 1), "d": (1, 64, 64, 39), "e": (1, 117)},
    ),
    ("MediaPipe's detector", (224, 224), {"a": (1, 2254, 12), "b": (1, 2254, 1)}),
    ("MediaPipe's detector", (192, 192), {"a": (1, 2016, 18), "b": (1, 2016, 1)}),
    ("MediaPipe's hand landmarks", (224, 224), {"a": (1, 63), "b": (1, 1), "c": (1, 1), "d": (1, 63)}),
    ("MediaPipe's face mesh", (192, 192), {"a": (1, 1, 1, 1404), "b": (1, 1, 1, 1)}),
    ("RTMPose", (192, 256), {"simcc_x": (1, 17, 384), "simcc_y": (1, 17, 512)}),
    ("RTMPose", (192, 256), {"out": (1, 17, 384), "out2": (1, 17, 512)}),
    ("HRNet, ViTPose", (192, 256), {"output": (1, 17, 64, 48)}),
    ("HRNet, ViTPose", (288, 384), {"output": (1, 96, 72, 16)}),
    (
        "YOLO-NAS Pose",
        (640, 640),
        {"a_num_predictions": (1, 1), "a_boxes": (1, 99, 4), "a_scores": (1, 99), "a_joints": (1, 99, 17, 3)},
    ),
]


@pytest.mark.parametrize(("name", "size", "shapes"), KNOWN, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(KNOWN)])
def test_a_known_pose_model_is_refused_by_name(name: str, size: tuple[int, int], shapes: Shapes) -> None:
    refusal = undecoded_pose(Evidence(shapes, size))
    assert refusal is not None and refusal.startswith(f"it is {name}")
    assert "which is not decoded; models that run: Ultralytics' pose models, MoveNet, RTMO; its outputs are " in refusal


@pytest.mark.parametrize(
    ("size", "shapes", "labels", "task"),
    [
        ((257, 257), {"a": (1, 33, 33, 21)}, 0, ""),
        ((192, 256), {"a": (1, 17, 64, 48)}, 17, ""),
        ((192, 256), {"a": (1, 17, 64, 48)}, 0, "segment"),
        ((256, 256), {"a": (1, 17, 64, 64)}, 0, ""),
        ((224, 224), {"a": (1, 1000)}, 0, ""),
        ((300, 300), {"a": (1, 10, 4), "b": (1, 10), "c": (1, 10), "d": (1,)}, 0, ""),
        ((192, 192), {"a": (1, 1, 17, 3)}, 0, ""),
        ((640, 640), {"a": (1, 84, 8400)}, 0, ""),
    ],
)
def test_other_models_are_not(size: tuple[int, int], shapes: Shapes, labels: int, task: str) -> None:
    assert undecoded_pose(Evidence(shapes, size, labels, metadata=Metadata(task=task))) is None
