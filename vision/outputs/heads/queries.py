"""Outputs of the DETR family: a box per query, with a score per label, and how its scores become probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...inputs import Preparation
from ..scores import AUTO, SIGMOID, SOFTMAX
from .evidence import Evidence
from .rows import are_centres

IMAGENET = Preparation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""RGB, normalised as for ImageNet, stretched."""

_NAMES = (("logits", "pred_boxes"), ("pred_logits", "pred_boxes"), ("labels", "dets"))
_MOST_QUERIES = 1000
_SOFTMAX_COLUMNS, _SIGMOID_COLUMNS = (92,), (80, 91)  # of the models for COCO: 91 numbers and none, 80 or 91 labels
_CLEAR = 0.6  # of the queries, as evidence


class QueryOutputs(NamedTuple):
    """The outputs of a model of the family.

    Attributes:
        logits: A score per query and label.
        boxes: A box per query.
        is_certain: Whether names or values show that they are.
        because: The evidence, as a sentence without a full stop.
    """

    logits: str
    boxes: str
    is_certain: bool
    because: str


def query_outputs(model: Evidence) -> QueryOutputs | None:
    """Return the outputs [1, queries, labels] and [1, queries, 4], by their names, else by shape and values."""
    for names in _NAMES:
        found = model.named(*names)
        if found is not None and _fit(model, *found):
            return QueryOutputs(found[0], found[1], True, f"its outputs are named {found[0]} and {found[1]}")
    for boxes, shape in model.full.items():
        if len(shape) == 3 and shape[2] == 4 and shape[1] <= _MOST_QUERIES:
            for logits in model.full:
                if logits != boxes and _fit(model, logits, boxes):
                    is_certain = len(model.full) == 2 and are_centres(model.rows(boxes, 4))
                    return QueryOutputs(logits, boxes, is_certain, f"{boxes} has centres and sizes in fractions")
    return None


def _fit(model: Evidence, logits: str, boxes: str) -> bool:
    first, second = model.full[logits], model.full[boxes]
    return len(first) == len(second) == 3 and first[:2] == second[:2] and second[2] == 4 and first[2] > 1


def activation_of(model: Evidence, logits: str) -> tuple[str, str]:
    """Return ``softmax`` or ``sigmoid`` with the reason; ``auto`` if nothing shows which."""
    columns, queries = model.full[logits][2], model.full[logits][1]
    if model.activation in (SOFTMAX, SIGMOID):
        return model.activation, "the activation is declared"
    if model.labels and model.fits(columns):
        return SIGMOID, f"it has a column for each of the {columns} labels, and none for no object"
    if columns in _SOFTMAX_COLUMNS:
        return SOFTMAX, f"it has {columns} columns, as DETR has: 91 labels and no object"
    if columns in _SIGMOID_COLUMNS and queries >= 200:
        return SIGMOID, f"it has {columns} columns, as the models with a sigmoid have"
    values = model.rows(logits, columns)
    values = values[np.isfinite(values).all(axis=1)]
    if len(values):
        if float(np.mean(values.argmax(axis=1) == columns - 1)) >= _CLEAR:
            return SOFTMAX, "the last column, no object, is the largest in most rows of the trial run"
        if float(np.mean(values.max(axis=1) < 0.0)) >= _CLEAR:
            return SIGMOID, "most rows of the trial run are negative throughout, so each column stands for itself"
    return AUTO, "nothing shows whether its scores need a softmax or a sigmoid"
