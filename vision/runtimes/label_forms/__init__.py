"""The forms of label lists: what a text says of the labels of a model's classes, and for which reason it is read so."""

from .coco import IN_A_ROW, WITH_GAPS
from .reading import BACKGROUND, UNUSED, Reading, is_background
from .recognition import labels_of_literal, literal, readings

__all__ = [
    "BACKGROUND",
    "IN_A_ROW",
    "UNUSED",
    "WITH_GAPS",
    "Reading",
    "is_background",
    "labels_of_literal",
    "literal",
    "readings",
]
