"""Errors of models. Messages name the file, what it contains, and how to fix it.

Exception
  ModelError            a model, or a file that belongs to it, cannot be used
    UnsupportedKind     the service does not support the requested kind of prediction
    LabelsError         the number of labels differs from the number of scores
"""

from __future__ import annotations


class ModelError(Exception):
    """A model, or a file that belongs to it, cannot be used."""


class UnsupportedKind(ModelError):
    """The service does not support the requested kind of prediction."""


class LabelsError(ModelError):
    """The number of labels differs from the number of scores."""
