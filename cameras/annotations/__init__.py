"""Annotations of frames: one module per kind, with its data, JSON form, geometry and painting.

The table lists the kinds of predictions that vision services can return; all clients see kinds by it.
"""

from .base import Annotation, Item, Prediction
from .canvas import Canvas, Color, Label
from .caption import Caption
from .classification import Classification
from .detection import Detection
from .geometry import BoundingBox, Movement, Points
from .keypoints import Keypoint, Keypoints
from .mask import Affine, Mask, as_mask, at_size, mask_png, warped
from .outline import Outline
from .segmentation import Segmentation

PREDICTIONS: dict[str, type[Prediction]] = {
    Classification.plural: Classification,
    Detection.plural: Detection,
    Segmentation.plural: Segmentation,
    Caption.plural: Caption,
    Keypoints.plural: Keypoints,
}
"""Every kind of prediction, by its plural: the key in JSON and the last part of the HTTP path."""

__all__ = [
    "PREDICTIONS",
    "Affine",
    "Annotation",
    "BoundingBox",
    "Canvas",
    "Caption",
    "Classification",
    "Color",
    "Detection",
    "Item",
    "Keypoint",
    "Keypoints",
    "Label",
    "Mask",
    "Movement",
    "Outline",
    "Points",
    "Prediction",
    "Segmentation",
    "as_mask",
    "at_size",
    "mask_png",
    "warped",
]
