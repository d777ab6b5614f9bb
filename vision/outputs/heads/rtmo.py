"""RTMO: boxes of people as corners and a score, and as many points of each, in pixels of the input.

Source: Tau-J/rtmlib, ``tools/pose_estimation/rtmo.py``; open-mmlab/mmdeploy exports it so. The input is that of YOLOX:
BGR from 0 to 255, the picture in the top left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ...inputs import Preparation
from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .grid import GREY, SIZE
from .head import FLOOR, Head, HeadMatch, pixels_to_fractions
from .point_sets import PERSON, point_set


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, people, 5] and [1, people, points, 3]; certain if they are named dets and keypoints."""
    named = model.named("dets", "keypoints")
    for people, shape in model.full.items():
        if len(shape) != 3 or shape[2] != 5:
            continue
        for joints, other in model.full.items():
            if len(other) == 4 and other[:2] == shape[:2] and other[2] > 1 and other[3] == 3:
                found = point_set(model, other[2])
                because = f"its outputs are boxes with a score, and {other[2]} points of each; {found.because}"
                is_certain = named == (people, joints) and len(model.full) == 2
                decoder = partial(decode, points=other[2])
                return HeadMatch((people, joints), 1, is_certain, because, decode=decoder, points=found)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int, *, points: int = len(PERSON.names)) -> ScoredBoxes:
    """Decode rows of corners and score, and points of x, y and score."""
    rows, joints = outputs[0].reshape(-1, 5), outputs[1].reshape(-1, points, 3)
    kept = ~(rows[:, 4] < FLOOR)
    rows, joints = rows[kept], joints[kept]
    places = joints[..., :2] / np.array(size, np.float32)
    joints = np.concatenate([places, joints[..., 2:].clip(0.0, 1.0)], axis=-1)
    boxes, scores = pixels_to_fractions(rows[:, :4], size), rows[:, 4].clip(0.0, 1.0)
    return ScoredBoxes(boxes, scores, np.zeros(len(rows)), points=joints)


_PREPARATION = Preparation(
    (0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255), bgr=True, letterbox=True, centred=False, bar=GREY, size=SIZE
)

HEAD = Head(
    "rtmo",
    "outputs [1, people, 5] and [1, people, points, 3]",
    find,
    decode,
    _PREPARATION,
    labels=("person",),
    boxes="x_min, y_min, x_max, y_max, in pixels of the input",
    kinds=("detections", "keypoints"),
)
