"""Post-processing: the meaning of each output tensor, and the classifications, detections and masks in them."""

from .classifier import Classifier, find_scores
from .detector import Detector
from .head_detector import HeadDetector
from .heads import Head, HeadMatch, find_head
from .output_names import output_names
from .row_detector import DEFAULT_ORDER, BoxFormat, RowDetector
from .scores import NonMaxSuppression, Thresholds, with_tolerance
from .segmenter import Segmenter, find_map
from .tensor_layout import find_tensor_layout

__all__ = [
    "DEFAULT_ORDER",
    "BoxFormat",
    "Classifier",
    "Detector",
    "HeadMatch",
    "Head",
    "HeadDetector",
    "Thresholds",
    "RowDetector",
    "Segmenter",
    "NonMaxSuppression",
    "find_head",
    "find_tensor_layout",
    "find_map",
    "find_scores",
    "with_tolerance",
    "output_names",
]
