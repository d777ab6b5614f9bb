"""Declared names of inputs and outputs of a model, and the choice of its picture input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..runtimes import ModelError, TensorInfo


def image_input(inputs: Sequence[TensorInfo], remap: Mapping[str, str]) -> TensorInfo:
    """Return the picture input of a model, its only input.

    Raises:
        ModelError: when the model has no input of a declared name, or has other inputs.
    """
    declared_names(inputs, aliases_of(inputs, ()), remap, "input")
    if len(inputs) != 1:
        raise ModelError(f"the model must have one input, the picture, but has {len(inputs)}: {_listed(inputs)}")
    return inputs[0]


def aliases_of(infos: Sequence[TensorInfo], described: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return all names of each tensor: its own, and the one in the metadata.

    Args:
        infos: The inputs or outputs of a model.
        described: Their names in the metadata, in the same order; may be empty.
    """
    if len(described) != len(infos):
        described = [""] * len(infos)
    return {info.name: (info.name, other) for info, other in zip(infos, described, strict=True)}


def declared_names(
    infos: Sequence[TensorInfo], aliases: Mapping[str, tuple[str, ...]], remap: Mapping[str, str], kind: str
) -> dict[str, str]:
    """Return the declared standard names of tensors, by the name in the model.

    Args:
        infos: The inputs or outputs of a model.
        aliases: All names of each tensor.
        remap: Standard name by any of those.
        kind: ``input`` or ``output``, for the error message.

    Raises:
        ModelError: when no tensor has a declared name.
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
