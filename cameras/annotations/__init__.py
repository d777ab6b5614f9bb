"""What is recognised in a frame: one file per kind, which owns its data, its JSON, how it moves and how it is painted.

The table is the list of what vision services may give; everything that names kinds to clients reads it.
"""

from .base import Annotation, Item, Prediction
from .canvas import Canvas, Color, Label
from .caption import Caption
from .classification import Classification
from .detection import Detection
from .geometry import BoundingBox, Movement, Points
from .mask import Affine, Mask, as_mask, at_size, warped
from .outline import Outline
from .segmentation import Segmentation

PREDICTIONS: dict[str, type[Prediction]] = {
    Classification.plural: Classification,
    Detection.plural: Detection,
    Segmentation.plural: Segmentation,
    Caption.plural: Caption,
}
"""Every kind of prediction, by its plural: the key in JSON and the end of the HTTP path."""

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
    "Label",
    "Mask",
    "Movement",
    "Outline",
    "Points",
    "Prediction",
    "Segmentation",
    "as_mask",
    "at_size",
    "warped",
]
