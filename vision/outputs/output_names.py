"""What the outputs of a model are called: as declared, as its metadata say, or as the tensors' names hint."""

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
    """Return the expected name of each output that has one, by its name in the model.

    What is declared wins; then an output that bears an expected name; then a word in its name, or in what the metadata
    call it, as long as no other output has the same one.

    Args:
        outputs: The outputs of the model.
        described: What the metadata call them, in the same order; may be empty.
        remap: Expected name by the model's own, or by metadata's.

    Raises:
        ModelError: when a declared name is not one of an output.
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


def _guess(names: Sequence[str]) -> str | None:
    lowered = [name.casefold() for name in names]
    for expected in (PROBABILITY, *EXPECTED):
        if expected in lowered:
            return expected
    hits = {expected for expected, words in _WORDS.items() for word in words for name in lowered if word in name}
    return hits.pop() if len(hits) == 1 else None
