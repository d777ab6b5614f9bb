"""Standard names of a model's outputs: declared, from its metadata, or derived from the tensors' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..inputs import aliases_of, declared_names
from ..runtimes import TensorInfo
from .classifier import PROBABILITY
from .tensor_layout import CATEGORY, COUNT, EXPECTED, LOCATION, SCORE

_WORDS = {
    LOCATION: ("location", "box"),
    CATEGORY: ("categor", "class"),
    SCORE: ("score", "confidence"),
    COUNT: ("count", "num_", "number of"),
}


def output_names(outputs: Sequence[TensorInfo], described: Sequence[str], remap: Mapping[str, str]) -> dict[str, str]:
    """Return the standard name of each output that has one, by its name in the model.

    A declared name wins; then a standard name in the model or its metadata; then a typical word in either, if no other
    output has the same one.

    Args:
        outputs: The outputs of the model.
        described: Their names in the metadata, in the same order; may be empty.
        remap: Declared standard names, by the name in the model or in its metadata.

    Raises:
        ModelError: when the model has no output of a declared name.
    """
    aliases = aliases_of(outputs, described)
    declared = declared_names(outputs, aliases, remap, "output")
    guesses = {info.name: _guess(aliases[info.name]) for info in outputs if info.name not in declared}
    taken = list(declared.values())
    unique = {
        output: guess
        for output, guess in guesses.items()
        if guess is not None and guess not in taken and list(guesses.values()).count(guess) == 1
    }
    return declared | unique


def all_names(outputs: Sequence[TensorInfo], described: Sequence[str], output: str) -> tuple[str, ...]:
    """Return all names of an output: its own, and the one in the metadata."""
    return tuple(filter(None, aliases_of(outputs, described)[output]))


def _guess(names: Sequence[str]) -> str | None:
    lowered = [name.casefold() for name in names]
    for expected in (PROBABILITY, *EXPECTED):
        if expected in lowered:
            return expected
    hits = {expected for expected, words in _WORDS.items() for word in words for name in lowered if word in name}
    return hits.pop() if len(hits) == 1 else None
