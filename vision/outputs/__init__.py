"""Post-processing: the meaning of each output tensor, and the classifications, detections and masks in them."""

from .classifier import Classifier, find_scores, require_scores
from .detector import Detector
from .head_detector import HeadDetector
from .heads import NONE, X_FIRST, Evidence, Head, HeadMatch, Samples, find_head, possible_heads
from .instance_masks import masks_by_label
from .output_names import all_names, output_names
from .row_detector import DEFAULT_ORDER, BoxFormat, RowDetector
from .scores import AUTO, NO_ACTIVATION, NonMaxSuppression, Thresholds, with_tolerance
from .segmenter import Form, PixelMap, Segmenter, count_planes, find_map, highest_class, require_classes
from .tensor_layout import TensorLayout, find_tensor_layout, highest_category, require_corners, shown_order

__all__ = [
    "AUTO",
    "DEFAULT_ORDER",
    "NONE",
    "NO_ACTIVATION",
    "X_FIRST",
    "BoxFormat",
    "Classifier",
    "Detector",
    "Evidence",
    "Form",
    "HeadMatch",
    "Head",
    "HeadDetector",
    "PixelMap",
    "Samples",
    "TensorLayout",
    "Thresholds",
    "RowDetector",
    "Segmenter",
    "NonMaxSuppression",
    "all_names",
    "count_planes",
    "find_head",
    "masks_by_label",
    "find_tensor_layout",
    "find_map",
    "highest_category",
    "highest_class",
    "find_scores",
    "possible_heads",
    "require_classes",
    "require_corners",
    "require_scores",
    "shown_order",
    "with_tolerance",
    "output_names",
]
