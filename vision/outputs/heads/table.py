"""The table of heads, and the choice of a model's head: declared, or inferred from what is known of the model."""

from __future__ import annotations

from ...runtimes import ModelError
from . import blazeface, fastestdet, ssd, ultraface, yolov5, yolov8, yolov10, yolox
from .evidence import Evidence
from .head import Head, HeadMatch

HEADS: dict[str, Head] = {
    module.HEAD.name: module.HEAD for module in (blazeface, fastestdet, ssd, ultraface, yolov5, yolov8, yolov10, yolox)
}
"""Every head, by its name in the YAML (``head:``)."""

NONE = "none"
"""The ``head:`` of a model whose outputs need none, although their shapes match one."""


def find_head(declared: str | None, model: Evidence) -> tuple[Head, HeadMatch] | None:
    """Return the head of a model with the outputs that it decodes, ``None`` if it has none.

    Args:
        declared: Name of the head; ``None`` infers it if exactly one head matches with certainty.
        model: What is known of the model.

    Raises:
        ModelError: when the outputs do not match the declared head, or match several heads equally well.
    """
    if declared == NONE:
        return None
    if declared is None:
        certain = [(head, found) for head, found in _matches(model) if found.is_certain]
        if len(certain) > 1:
            names = " or ".join(head.name for head, _ in certain)
            raise ModelError(f"its outputs fit several heads; declare head: {names}; the outputs are {model.listed}")
        if not certain:
            return None
        head, found = certain[0]
        return head, found._replace(because=found.because or f"only this head takes {head.wanted}")
    head = HEADS[declared]
    match = head.find(model)
    if match is None:
        raise ModelError(f"head: {declared} needs {head.wanted}; the outputs are {model.listed}")
    return head, match._replace(because=f"declared; it fits {head.wanted}")


def possible_heads(model: Evidence) -> tuple[str, ...]:
    """Return the names of the heads that could decode the outputs, though others could, too."""
    return tuple(head.name for head, _ in _matches(model))


def _matches(model: Evidence) -> list[tuple[Head, HeadMatch]]:
    return [(head, found) for head in HEADS.values() if (found := head.find(model)) is not None]
