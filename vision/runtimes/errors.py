"""What goes wrong with models. The sentences name the file, what was found in it, and how to mend it.

Exception
  ModelError            a model, or what belongs to it, cannot be used
    UnsupportedKind     the service was asked for something that its model does not give
    LabelsError         there are more or fewer labels than the model has scores
"""

from __future__ import annotations


class ModelError(Exception):
    """A model, or what belongs to it, cannot be used."""


class UnsupportedKind(ModelError):
    """The service was asked for a kind of result that it does not give."""


class LabelsError(ModelError):
    """There are more or fewer labels than the model has scores."""
