"""The forms of label lists: what a text says of the labels of a model's classes, and for which reason it is read so."""

from .reading import BACKGROUND, BACKGROUNDS, UNUSED, Reading
from .recognition import labels_of_literal, literal, readings

__all__ = ["BACKGROUND", "BACKGROUNDS", "UNUSED", "Reading", "labels_of_literal", "literal", "readings"]
