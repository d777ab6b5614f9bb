"""Pictures into the tensors that models take, and the made pictures that a model is tried on."""

from .names import aliases_of, declared_names, image_input
from .picture_input import USUAL, PictureInput, Preparation
from .probes import probe_pictures

__all__ = [
    "USUAL",
    "PictureInput",
    "Preparation",
    "aliases_of",
    "declared_names",
    "image_input",
    "probe_pictures",
]
