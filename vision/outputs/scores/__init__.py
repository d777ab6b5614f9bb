"""Scores of models: conversion to probabilities, confidence thresholds, and boxes with non-maximum suppression."""

from .probabilities import sigmoid, softmax
from .scored_boxes import Floats, NonMaxSuppression, ScoredBoxes
from .thresholds import Thresholds, with_tolerance

__all__ = ["ScoredBoxes", "Floats", "Thresholds", "NonMaxSuppression", "with_tolerance", "sigmoid", "softmax"]
