"""The table of heads, and the choice of a model's head: declared, or inferred from what is known of the model."""

from __future__ import annotations

from dataclasses import replace

from ...runtimes import ModelError
from . import (
    blazeface,
    custom_vision,
    detr,
    efficientdet,
    fastestdet,
    fomo,
    mediapipe,
    mmdet,
    movenet,
    rfdetr,
    rtdetr,
    rtmo,
    ssd,
    tf2_od,
    torchvision,
    ultraface,
    yolo26_pose,
    yolo_nas,
    yolo_pose,
    yolov2,
    yolov4,
    yolov5,
    yolov7_e2e,
    yolov8,
    yolov10,
    yolox,
    yunet,
)
from .evidence import Evidence
from .head import Head, HeadMatch
from .other_poses import undecoded_pose
from .refused import refusal, undecided

_OWN: dict[str, Head] = {
    module.HEAD.name: module.HEAD
    for module in (
        blazeface,
        custom_vision,
        detr,
        efficientdet,
        fastestdet,
        fomo,
        mediapipe,
        mmdet,
        movenet,
        rfdetr,
        rtdetr,
        rtmo,
        ssd,
        tf2_od,
        torchvision,
        ultraface,
        yolo26_pose,
        yolo_nas,
        yolo_pose,
        yolov2,
        yolov4,
        yolov5,
        yolov7_e2e,
        yolov8,
        yolov10,
        yolox,
        yunet,
    )
}

_SAME = {"dfine": "rtdetr", "yolo11": "yolov8", "yolo26": "yolov10", "yolos": "detr", "yolov7": "yolov5"}

HEADS: dict[str, Head] = _OWN | {name: replace(_OWN[other], name=name) for name, other in _SAME.items()}
"""Every head, by its name in the YAML (``head:``); some families share one."""

NONE = "none"
"""The ``head:`` of a model whose outputs need none, although their shapes match one."""


def find_head(declared: str | None, model: Evidence) -> tuple[Head, HeadMatch] | None:
    """Return the head of a model with the outputs that it decodes, ``None`` if it has none.

    Args:
        declared: Name of the head; ``None`` infers it if exactly one head matches with certainty.
        model: What is known of the model.

    Raises:
        ModelError: when the outputs do not match the declared head, match several heads equally well, or are those of a
            family that no head decodes.
    """
    if declared == NONE:
        return None
    if declared is None:
        reason = refusal(model) or undecoded_pose(model)
        if reason is not None:
            raise ModelError(reason)
        matches = _matches(model)
        certain = [(head, found) for head, found in matches if found.is_certain]
        if len(certain) > 1:
            names = " or ".join(head.name for head, _ in certain)
            raise ModelError(f"its outputs fit several heads; declare head: {names}; the outputs are {model.listed}")
        if not certain:
            reason = undecided(model, [head.name for head, _ in matches])
            reason = reason or next((found.doubt for _, found in matches if found.doubt), None)
            if reason is not None:
                raise ModelError(reason)
            return None
        head, found = certain[0]
        return head, found._replace(because=found.because or f"only this head takes {head.wanted}")
    head = HEADS[declared]
    match = head.find(model)
    if match is None:
        raise ModelError(f"head: {declared} needs {head.wanted}; the outputs are {model.listed}")
    return head, match._replace(because=f"declared; it fits {head.wanted}")


def possible_heads(model: Evidence) -> tuple[str, ...]:
    """Return the names of the heads that could decode the outputs, though others could, too."""
    return tuple(head.name for head, _ in _matches(model))


def _matches(model: Evidence) -> list[tuple[Head, HeadMatch]]:
    return [(head, found) for head in _OWN.values() if (found := head.find(model)) is not None]
