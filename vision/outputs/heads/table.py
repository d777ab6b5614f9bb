"""The table of heads, and the choice of a model's head: declared, or inferred from the shapes of its outputs."""

from __future__ import annotations

from ...runtimes import ModelError
from . import blazeface, fastestdet, ssd, ultraface, yolov5, yolov8, yolov10, yolox
from .head import Head, HeadMatch, Shapes, Size, squeezed

HEADS: dict[str, Head] = {
    module.HEAD.name: module.HEAD for module in (blazeface, fastestdet, ssd, ultraface, yolov5, yolov8, yolov10, yolox)
}
"""Every head, by its name in the YAML (``head:``)."""

NONE = "none"
"""The ``head:`` of a model whose outputs need none, although their shapes match one."""


def find_head(declared: str | None, shapes: Shapes, size: Size, labels: int) -> tuple[Head, HeadMatch] | None:
    """Return the head of a model with the outputs that it decodes, ``None`` if it has none.

    Args:
        declared: Name of the head; ``None`` infers it if exactly one head matches with certainty.
        shapes: Shapes of the outputs, by name.
        size: Width and height of the input.
        labels: Number of labels; 0 if unknown.

    Raises:
        ModelError: when the outputs do not match the declared head.
    """
    if declared == NONE:
        return None
    plain = {name: squeezed(shape) for name, shape in shapes.items()}
    if declared is None:
        matches = [(head, found) for head in HEADS.values() if (found := head.find(plain, size, labels))]
        certain = [(head, found) for head, found in matches if found.is_certain]
        return certain[0] if len(certain) == 1 else None
    head = HEADS[declared]
    found = head.find(plain, size, labels)
    if found is None:
        listed = "; ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise ModelError(f"head: {declared} needs {head.wanted}; the outputs are {listed}")
    return head, found
