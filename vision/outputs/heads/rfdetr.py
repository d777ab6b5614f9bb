"""RF-DETR: a box per query, and logits for a sigmoid per label; the last column means no object.

Source: roboflow/rf-detr, ``rfdetr/models/lwdetr.py`` (``PostProcess``) and ``rfdetr/detr.py`` (ImageNet's
normalisation, stretched). Class numbers are those of the training set: for COCO 1 to 90. All boxes are kept.
"""

from __future__ import annotations

from functools import partial

from ..scores import NO_ACTIVATION, SIGMOID
from .evidence import Evidence
from .head import Head, HeadMatch
from .queries import IMAGENET, query_outputs, score_form
from .rtdetr import decode


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, queries, labels + 1] and [1, queries, 4]."""
    found = query_outputs(model)
    if found is None:
        return None
    columns = model.full[found.logits][2]
    has_none = not model.labels or not model.fits(columns)
    is_done = score_form(model, found.logits).is_done
    return HeadMatch(
        (found.logits, found.boxes),
        columns - has_none,
        model.named("labels", "dets") is not None,
        found.because,
        activation=NO_ACTIVATION if is_done else SIGMOID,
        decode=partial(decode, has_none=has_none, is_done=is_done),
    )


HEAD = Head(
    "rfdetr",
    "outputs [1, queries, labels + 1] (labels) and [1, queries, 4] (dets)",
    find,
    decode,
    IMAGENET,
    iou_threshold=1.0,
    boxes="center and size, in fractions of the input",
    activation=SIGMOID,
)
