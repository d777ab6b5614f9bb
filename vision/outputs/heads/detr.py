"""DETR and YOLOS: a box per query, and logits for a softmax whose last column means no object.

Source: huggingface/transformers, ``models/detr/image_processing_detr.py`` and
``models/yolos/image_processing_yolos.py`` (``post_process_object_detection``). All boxes are kept. The input is
normalised as ImageNet's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..scores import NO_ACTIVATION, SOFTMAX, ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, corners, probabilities
from .queries import IMAGENET, doubt_about, query_outputs, score_form


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, queries, labels + 1] and [1, queries, 4]."""
    found = query_outputs(model)
    if found is None or model.named("labels", "dets") is not None:  # RF-DETR's
        return None
    classes = model.shapes[found.logits][-1] - 1
    form = score_form(model, found.logits)
    is_certain = found.is_certain and form.activation == SOFTMAX
    activation = NO_ACTIVATION if form.is_done else SOFTMAX
    return HeadMatch(
        (found.logits, found.boxes),
        classes,
        is_certain,
        f"{found.because}; {form.because}",
        activation=activation,
        decode=partial(decode, activation=activation),
        doubt=doubt_about(found, form),
    )


def decode(outputs: Sequence[Array], size: Size, classes: int, *, activation: str = SOFTMAX) -> ScoredBoxes:
    """Decode logits or, without activation, probabilities, and boxes of centre and size in fractions."""
    logits, boxes = outputs[0], outputs[1]
    return best_classes(corners(boxes[:, :2], boxes[:, 2:]), probabilities(logits, activation)[:, :-1])


HEAD = Head(
    "detr",
    "outputs [1, queries, labels + 1] (logits) and [1, queries, 4] (pred_boxes)",
    find,
    decode,
    IMAGENET,
    iou_threshold=1.0,
    boxes="center and size, in fractions of the input",
    activation=SOFTMAX,
)
