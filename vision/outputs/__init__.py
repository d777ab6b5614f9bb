"""Tensors into results: which output of a model is what, and the classifications, detections and masks in it."""

from .classifier import Classifier, find_scores
from .detector import Detector
from .head_detector import HeadDetector
from .heads import Found, Head, find_head
from .layout import find_layout
from .names import output_names
from .row_detector import DEFAULT_ORDER, BoxFormat, RowDetector
from .scores import Minimums, Suppression, lowest
from .segmenter import Segmenter, find_map

__all__ = [
    "DEFAULT_ORDER",
    "BoxFormat",
    "Classifier",
    "Detector",
    "Found",
    "Head",
    "HeadDetector",
    "Minimums",
    "RowDetector",
    "Segmenter",
    "Suppression",
    "find_head",
    "find_layout",
    "find_map",
    "find_scores",
    "lowest",
    "output_names",
]
