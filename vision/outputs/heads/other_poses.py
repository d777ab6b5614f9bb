"""Pose models that are known but not decoded: they are refused with their name and what runs instead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .evidence import Evidence

_USE = "models that run: Ultralytics' pose models, MoveNet, RTMO"
_CROP = "it takes the picture of one person, cut out by a detector"
_JOINTS = (14, 16, 17, 133)  # of CrowdPose, MPII, COCO and COCO-WholeBody
_HEATMAP_STRIDE = 4


def undecoded_pose(model: Evidence) -> str | None:
    """Return the sentence that refuses a known pose model; ``None`` for any other model."""
    for matches, sentence in _FAMILIES:
        if matches(model):
            return f"it is {sentence}, which is not decoded; {_USE}; its outputs are {model.listed}"
    return None


def _posenet(model: Evidence) -> bool:
    channels = {shape[1:3]: set[int]() for shape in model.full.values() if len(shape) == 4}
    for shape in model.full.values():
        if len(shape) == 4:
            channels[shape[1:3]].add(shape[3])
    return any({17, 34} <= found for found in channels.values())


def _openpose(model: Evidence) -> bool:
    maps = {shape[1] for shape in model.full.values() if len(shape) == 4}
    maps |= {shape[3] for shape in model.full.values() if len(shape) == 4}
    return {19, 38} <= maps or (len(model.full) == 1 and 57 in maps)


def _blazepose(model: Evidence) -> bool:
    counts = _counts(model)
    return 117 in counts and bool(counts & {195, 155})


def _person_detector(model: Evidence) -> bool:
    return any(shape[-2:] in ((2254, 12), (2016, 18)) for shape in model.full.values())


def _hand(model: Evidence) -> bool:
    sizes = sorted(int(np.prod(shape)) for shape in model.full.values())
    return sizes in ([1, 1, 63], [1, 1, 63, 63])


def _face(model: Evidence) -> bool:
    return len(model.full) > 1 and any(shape[-1:] in ((1404,), (1434,)) for shape in model.full.values())


def _simcc(model: Evidence) -> bool:
    if model.named("simcc_x", "simcc_y") is not None:
        return True
    shapes = sorted(shape for shape in model.full.values() if len(shape) == 3)
    width, height = model.size
    if len(shapes) != 2 or len(model.full) != 2 or shapes[0][1] != shapes[1][1]:
        return False
    return [shape[2] for shape in shapes] == sorted((2 * width, 2 * height)) and shapes[0][1] in _JOINTS


def _heatmaps(model: Evidence) -> bool:
    """Return whether the one output is a map of each joint of a person: its input is upright, three to four."""
    width, height = model.size
    if len(model.full) != 1 or model.labels or model.metadata.task or 4 * width != 3 * height:
        return False
    [shape] = model.full.values()
    sides = (height // _HEATMAP_STRIDE, width // _HEATMAP_STRIDE)
    if len(shape) != 4:
        return False
    return (shape[1] in _JOINTS and shape[2:] == sides) or (shape[3] in _JOINTS and shape[1:3] == sides)


def _joints_of_many(model: Evidence) -> bool:
    # RTMO has two outputs, and a head.
    joints = any(len(shape) == 4 and shape[1] != 1 and shape[2:] == (17, 3) for shape in model.full.values())
    return joints and len(model.full) > 2


def _counts(model: Evidence) -> set[int]:
    return {int(np.prod(shape)) for shape in model.full.values()}


_FAMILIES: tuple[tuple[Callable[[Evidence], bool], str], ...] = (
    (_posenet, "PoseNet (maps of 17 points with 34 offsets)"),
    (_openpose, "OpenPose (maps of points and of limbs)"),
    (_blazepose, f"MediaPipe's BlazePose; {_CROP}"),
    (_person_detector, "MediaPipe's detector of people or palms"),
    (_hand, "MediaPipe's hand landmarks; it takes the picture of one hand, cut out by a detector"),
    (_face, "MediaPipe's face mesh; it takes the picture of one face, cut out by a detector"),
    (_simcc, f"RTMPose or another SimCC model (simcc_x and simcc_y); {_CROP}"),
    (_heatmaps, f"HRNet, ViTPose or another model that gives a heat map of each joint; {_CROP}"),
    (_joints_of_many, "YOLO-NAS Pose (boxes, scores, and 17 points of each)"),
)
