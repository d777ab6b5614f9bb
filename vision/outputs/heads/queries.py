"""Outputs of the DETR family: a box per query, with a score per label, and how its scores become probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...inputs import Preparation
from ..scores import AUTO, NO_ACTIVATION, SIGMOID, SOFTMAX
from .box_forms import TOP_LEFT_DOUBT, are_centres, are_corners, have_sizes
from .evidence import NEAR, Evidence
from .grid import has_cells

IMAGENET = Preparation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""RGB, normalised as for ImageNet, stretched."""

_NAMES = (("logits", "pred_boxes"), ("pred_logits", "pred_boxes"), ("labels", "dets"))
_LOGITS = "logit"  # part of the names of scores that need an activation
_FEWEST_QUERIES, _MOST_QUERIES = 50, 1000
_SOFTMAX_COLUMNS, _SIGMOID_COLUMNS = (92,), (80, 91)  # of the models for COCO: 91 numbers and none, 80 or 91 labels
_CLEAR = 0.6  # of the queries, as evidence


class QueryOutputs(NamedTuple):
    """The outputs of a model of the family.

    Attributes:
        logits: A score per query and label.
        boxes: A box per query.
        is_certain: Whether names or values show that they are.
        because: The evidence, as a sentence without a full stop.
        doubt: What is not certain although the rest is.
    """

    logits: str
    boxes: str
    is_certain: bool
    because: str
    doubt: str = ""


def query_outputs(model: Evidence) -> QueryOutputs | None:
    """Return the outputs [1, queries, labels] and [1, queries, 4], by their names, else by shape and values."""
    for names in _NAMES:
        found = model.named(*names)
        if found is not None and _fit(model, *found):
            return QueryOutputs(found[0], found[1], True, f"its outputs are named {found[0]} and {found[1]}")
    pairs = [
        _by_values(model, logits, boxes)
        for boxes, shape in model.full.items()
        if len(shape) == 3 and shape[1] <= _MOST_QUERIES and not has_cells(shape[1], model.size)
        for logits in model.full
        if logits != boxes and _fit(model, logits, boxes)
    ]
    # Scores of four labels have the shape of boxes.
    return max(pairs, key=lambda pair: (pair.is_certain, bool(pair.doubt)), default=None)


def _by_values(model: Evidence, logits: str, boxes: str) -> QueryOutputs:
    rows = model.rows(boxes, 4)
    are_finished = model.full[logits][2] == 4 and are_corners(model.rows(logits, 4))
    may_be = len(model.full) == 2 and not are_finished
    return QueryOutputs(
        logits,
        boxes,
        may_be and are_centres(rows),
        f"{boxes} has centres and sizes in fractions",
        TOP_LEFT_DOUBT if may_be and have_sizes(rows) and not are_centres(rows) else "",
    )


def _fit(model: Evidence, logits: str, boxes: str) -> bool:
    first, second = model.full[logits], model.full[boxes]
    return len(first) == len(second) == 3 and first[:2] == second[:2] and second[2] == 4 and first[2] > 1


class ScoreForm(NamedTuple):
    """What the scores of a model of the family are.

    Attributes:
        activation: What its training applies: ``softmax``, ``sigmoid``; ``auto`` if nothing shows which.
        because: The evidence, as a sentence without a full stop.
        is_done: Whether the model applies it itself.
    """

    activation: str
    because: str
    is_done: bool = False


def score_form(model: Evidence, logits: str) -> ScoreForm:
    """Return what the scores are, by what is declared, their number, and their values in the trial run."""
    if model.activation in (SOFTMAX, SIGMOID):
        return ScoreForm(model.activation, "the activation is declared")
    if model.activation == NO_ACTIVATION or _are_probabilities(model, logits):
        seen = "declared" if model.activation == NO_ACTIVATION else "its scores in the trial run are from 0 to 1"
        usual = SOFTMAX if model.samples and model.sums_to_one(logits) else SIGMOID
        if model.full[logits][1] < _FEWEST_QUERIES and model.activation != NO_ACTIVATION:
            return ScoreForm(AUTO, "it has too few rows to be of this family", is_done=True)
        return ScoreForm(usual, f"{seen}, so the model applies its {usual} itself", is_done=True)
    return ScoreForm(*_activation_of(model, logits))


def doubt_about(found: QueryOutputs, form: ScoreForm) -> str:
    """Return what is not certain, and what to declare; empty if nothing or too much is."""
    if form.activation == AUTO and form.is_done:
        return ""
    start = f"its outputs {found.logits} and {found.boxes} are like those of DETR"
    if found.doubt:
        return f"{start}, but {found.doubt}: declare head: detr or head: rtdetr if they are centers"
    if found.is_certain and form.activation == AUTO:
        return f"{start}, but {form.because}: declare head: detr for a softmax, head: rtdetr for a sigmoid"
    return ""


def _are_probabilities(model: Evidence, scores: str) -> bool:
    if _LOGITS in scores.casefold() or not model.samples:
        return False
    rows = model.rows(scores, model.full[scores][2])
    return bool(rows.any()) and bool(rows.min() >= -NEAR and rows.max() <= 1 + NEAR)


def _activation_of(model: Evidence, logits: str) -> tuple[str, str]:
    columns, queries = model.full[logits][2], model.full[logits][1]
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
