"""The heads there are, and which one a model has: as declared, or where the shapes of its outputs leave no doubt."""

from __future__ import annotations

from ...runtimes import ModelError
from . import blazeface, fastestdet, ssd, ultraface, yolov5, yolov8, yolov10, yolox
from .head import Head, HeadMatch, Shapes, Size, squeezed

HEADS: dict[str, Head] = {
    module.HEAD.name: module.HEAD for module in (blazeface, fastestdet, ssd, ultraface, yolov5, yolov8, yolov10, yolox)
}
"""Every head, by its name in the YAML (``head:``)."""

NONE = "none"
"""What the YAML says of a model whose outputs need no head, although their shapes look like one."""


def find_head(declared: str | None, shapes: Shapes, size: Size, labels: int) -> tuple[Head, HeadMatch] | None:
    """Return the head of a model and the outputs that it reads, ``None`` when it has none.

    Args:
        declared: Its name; ``None`` to guess.
        shapes: Of the outputs, by their names.
        size: Width and height of the input.
        labels: How many labels there are; 0 when that is not known.

    Raises:
        ModelError: when the outputs are not what the declared head reads.
    """
    if declared == NONE:
        return None
    plain = {name: squeezed(shape) for name, shape in shapes.items()}
    if declared is None:
        guesses = [(head, found) for head in HEADS.values() if (found := head.find(plain, size, labels))]
        sure = [(head, found) for head, found in guesses if found.is_certain]
        return sure[0] if len(sure) == 1 else None
    head = HEADS[declared]
    found = head.find(plain, size, labels)
    if found is None:
        listed = "; ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise ModelError(f"head: {declared} reads {head.wanted}; the outputs are {listed}")
    return head, found
