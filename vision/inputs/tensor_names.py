"""What inputs and outputs of a model are called by declaration, and which input takes the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..runtimes import ModelError, TensorInfo


def image_input(inputs: Sequence[TensorInfo], remap: Mapping[str, str]) -> TensorInfo:
    """Return the input that takes the picture: the only one there is.

    Raises:
        ModelError: when a declared name is not one of an input, or there are other inputs to feed.
    """
    declared_names(inputs, aliases_of(inputs, ()), remap, "input")
    if len(inputs) != 1:
        raise ModelError(f"the model has {len(inputs)} inputs, one picture is wanted: {_listed(inputs)}")
    return inputs[0]


def aliases_of(infos: Sequence[TensorInfo], described: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the names that each tensor is known by: its own, and what the metadata call it.

    Args:
        infos: The inputs, or the outputs, of a model.
        described: What the metadata call them, in the same order; may be empty.
    """
    if len(described) != len(infos):
        described = [""] * len(infos)
    return {info.name: (info.name, other) for info, other in zip(infos, described, strict=True)}


def declared_names(
    infos: Sequence[TensorInfo], aliases: Mapping[str, tuple[str, ...]], remap: Mapping[str, str], kind: str
) -> dict[str, str]:
    """Return the expected name of each tensor that has one declared, by its name in the model.

    Args:
        infos: The inputs, or the outputs, of a model.
        aliases: The names that each is known by.
        remap: Expected name by one of those.
        kind: ``input`` or ``output``, for the error.

    Raises:
        ModelError: when a declared name is not one of a tensor.
    """
    declared = {}
    for own, expected in remap.items():
        match = next((info.name for info in infos if own and own in aliases[info.name]), None)
        if match is None:
            raise ModelError(f"remap_{kind}_names: the model has no {kind} {own!r}, only {_listed(infos)}")
        declared[match] = expected
    return declared


def _listed(infos: Sequence[TensorInfo]) -> str:
    return "; ".join(map(str, infos))
