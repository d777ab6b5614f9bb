"""Scores of models: conversion to probabilities, confidence thresholds, and boxes with non-maximum suppression."""

from .calibration import Calibration
from .probabilities import AUTO, NO_ACTIVATION, SIGMOID, SOFTMAX, sigmoid, softmax
from .scored_boxes import Floats, NonMaxSuppression, ScoredBoxes
from .thresholds import Thresholds, with_tolerance

__all__ = [
    "AUTO",
    "Calibration",
    "NO_ACTIVATION",
    "SIGMOID",
    "SOFTMAX",
    "ScoredBoxes",
    "Floats",
    "Thresholds",
    "NonMaxSuppression",
    "with_tolerance",
    "sigmoid",
    "softmax",
]
