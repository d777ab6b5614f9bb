"""What the numbers of a model are worth: probabilities, the lowest confidences kept, and boxes with a score each."""

from .candidates import Candidates, Floats, Suppression
from .minimums import Minimums, lowest
from .probabilities import sigmoid, softmax

__all__ = ["Candidates", "Floats", "Minimums", "Suppression", "lowest", "sigmoid", "softmax"]
