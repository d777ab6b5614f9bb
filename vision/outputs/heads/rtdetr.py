"""RT-DETR, D-FINE and their relatives with a sigmoid: a box per query, with a score per label.

Sources, by the form of the export: huggingface/transformers, ``models/rt_detr/image_processing_rt_detr.py`` and
``models/conditional_detr/image_processing_conditional_detr.py`` (logits, and centres and sizes); lyuwenyu/RT-DETR,
``rtdetr_pytorch/src/zoo/rtdetr/rtdetr_postprocessor.py``, the same in Peterande/D-FINE (finished rows in pixels of
``orig_target_sizes``); ultralytics/ultralytics, ``models/rtdetr/predict.py`` (rows of centre, size and scores in one
output, since 8.4 of centre, size, score and class). All boxes are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ...inputs import Preparation
from ..scores import NO_ACTIVATION, SIGMOID, ScoredBoxes, sigmoid
from .box_forms import TOP_LEFT_DOUBT, are_centres, have_sizes
from .evidence import Array, Evidence, Size
from .grid import SIZE, has_cells
from .head import Head, HeadMatch, corners
from .queries import IMAGENET, query_outputs, score_form
from .rows import pixel_rows, scored_pairs, scored_rows

_FRACTIONS = Preparation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), size=SIZE)
SIZE_INPUTS = ("orig_target_sizes", "orig_size", "target_sizes")
_COLUMNS_OF_ANCESTORS = 91  # Deformable and Conditional DETR, trained on ImageNet's normalisation
_SINGLE = 6
_FEWEST_QUERIES, _MOST_QUERIES = 21, 1000  # the published models have 100 to 300; MoveNet has rows of up to 20 people


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs of one of the forms."""
    return _finished(model) or _raw(model) or _single(model)


def _finished(model: Evidence) -> HeadMatch | None:
    """Return the outputs labels, boxes and scores of a model that takes the size of the picture."""
    outputs = model.named("boxes", "scores", "labels")
    if outputs is None or not model.is_input(*SIZE_INPUTS):
        return None
    because = "its outputs are named labels, boxes and scores, and it takes the picture's size"
    return HeadMatch(outputs, 0, True, because, activation=NO_ACTIVATION, decode=pixel_rows)


def _raw(model: Evidence) -> HeadMatch | None:
    found = query_outputs(model)
    if found is None or model.named("labels", "dets") is not None:  # RF-DETR's
        return None
    columns = model.full[found.logits][2]
    form = score_form(model, found.logits)
    is_ancestor = columns == _COLUMNS_OF_ANCESTORS or model.is_input("pixel_mask")
    return HeadMatch(
        (found.logits, found.boxes),
        columns,
        found.is_certain and form.activation == SIGMOID,
        f"{found.because}; {form.because}",
        activation=NO_ACTIVATION if form.is_done else SIGMOID,
        decode=partial(decode, is_done=form.is_done),
        preparation=IMAGENET if is_ancestor else None,
    )


def _single(model: Evidence) -> HeadMatch | None:
    """Return the output [1, queries, 4 + labels], or [1, queries, 6] with score and class."""
    for name, shape in model.shapes.items():
        if len(model.shapes) != 1 or len(shape) != 3 or not 5 <= shape[2] or shape[1] > _MOST_QUERIES:
            continue
        said = "rt-detr" in model.metadata.description.casefold() or "rtdetr" in model.metadata.description.casefold()
        if not said and (shape[1] < _FEWEST_QUERIES or has_cells(shape[2], model.size)):
            continue
        boxes = model.rows(name, shape[2])[:, :4]
        if not said and (has_cells(shape[1], model.size) or not have_sizes(boxes)):
            continue
        is_single = shape[2] == _SINGLE and not (model.labels and model.fits(_SINGLE - 4))
        numbers = model.rows(name, shape[2])[:, 5] if is_single else None
        has_classes = np.all(numbers == np.round(numbers)) if numbers is not None else model.fits(shape[2] - 4)
        if not said and not (has_classes and (is_single or model.labels)):
            continue
        because = "the model file says so" if said else f"{name} has rows of centres and sizes in fractions"
        is_certain = said or are_centres(boxes)
        return HeadMatch(
            (name,),
            0 if is_single else shape[2] - 4,
            is_certain,
            because,
            activation=NO_ACTIVATION,
            decode=_decode_single if is_single else _decode_scores,
            doubt="" if is_certain else f"{TOP_LEFT_DOUBT}: declare head: rtdetr if they are centers",
        )
    return None


def decode(
    outputs: Sequence[Array], size: Size, classes: int, *, has_none: bool = False, is_done: bool = False
) -> ScoredBoxes:
    """Decode logits, and boxes of centre and size in fractions.

    Args:
        outputs: The scores and the boxes.
        size: Width and height of the input.
        classes: Number of labels.
        has_none: Whether the last column means no object.
        is_done: Whether the scores are probabilities.
    """
    logits, boxes = outputs[0], outputs[1]
    scores = logits[:, :-1] if has_none else logits
    scores = scores if is_done else sigmoid(scores)
    return scored_pairs(corners(boxes[:, :2], boxes[:, 2:]), scores, len(boxes))


def _decode_scores(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    rows = outputs[0]
    return scored_pairs(corners(rows[:, :2], rows[:, 2:4]), rows[:, 4:], len(rows))


def _decode_single(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    rows = outputs[0]
    return scored_rows(corners(rows[:, :2], rows[:, 2:4]), rows[:, 4], rows[:, 5])


HEAD = Head(
    "rtdetr",
    "outputs [1, queries, labels] and [1, queries, 4], or labels, boxes and scores, or one [1, queries, 4 + labels]",
    find,
    decode,
    _FRACTIONS,
    iou_threshold=1.0,
    boxes="center and size in fractions, or corners in pixels, of the input",
    activation=SIGMOID,
)
