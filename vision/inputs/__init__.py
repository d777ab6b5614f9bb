"""Pre-processing of pictures to input tensors, and generated sample pictures for probing a model."""

from .picture_input import DEFAULT_PREPARATION, PictureInput, Preparation
from .sample_pictures import sample_pictures
from .side_inputs import picture_and_side_inputs
from .tensor_names import aliases_of, declared_names, image_input

__all__ = [
    "DEFAULT_PREPARATION",
    "PictureInput",
    "Preparation",
    "aliases_of",
    "declared_names",
    "image_input",
    "picture_and_side_inputs",
    "sample_pictures",
]
