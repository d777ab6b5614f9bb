"""What the numbers of a model are worth: probabilities, the lowest confidences kept, and boxes with a score each."""

from .probabilities import sigmoid, softmax
from .scored_boxes import Floats, NonMaxSuppression, ScoredBoxes
from .thresholds import Thresholds, with_tolerance

__all__ = ["ScoredBoxes", "Floats", "Thresholds", "NonMaxSuppression", "with_tolerance", "sigmoid", "softmax"]
