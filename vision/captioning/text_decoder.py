"""The second half of a captioner: a model that says, for the tokens so far, which one comes next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..runtimes import ModelError, Runtime, Tensor, TensorInfo
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class GeneratedText:
    """What was written, and how sure the model is: the geometric mean of what it gave each token, the end included."""

    text: str
    confidence: float


class TextDecoder:
    """Writes a text from what an encoder has made of a picture: at each step the likeliest token.

    The model takes all tokens so far and what the encoder gave, and gives a score for each token that may come next: a
    decoder "without past". Its inputs are told apart by type, name and shape:

    ========================  =====================================================================================
    input                     what goes in
    ========================  =====================================================================================
    numbers, [1, n]           the tokens so far; where n is fixed, filled up with end tokens
    ``mask`` in its name      ones for what is there: the tokens, or with ``encoder`` in its name too, the encoder's
    floats                    the output of the encoder that has the same name, else the first with the same shape
    ========================  =====================================================================================

    Args:
        runtime: The model.
        encoded: What the encoder gave for some picture, by name.
        tokenizer: Its tokens.

    Raises:
        ModelError: when it is no such model.
    """

    def __init__(self, runtime: Runtime, encoded: Mapping[str, Tensor], tokenizer: Tokenizer) -> None:
        self._runtime = runtime
        self._tokenizer = tokenizer
        self._tokens = _token_input(runtime.inputs)
        self._masks: dict[TensorInfo, bool] = {}
        self._states: dict[str, str] = {}
        _refuse_past(runtime.inputs)
        for info in runtime.inputs:
            if "mask" in info.name.casefold():
                self._masks[info] = "encoder" in info.name.casefold()
            elif info is not self._tokens:
                self._states[info.name] = _state_for(info, encoded, runtime.inputs)
        if not self._states:
            raise ModelError(f"the decoder has no input for what the encoder gives: {_listed(runtime.inputs)}")
        self._scores = _score_output(runtime.outputs)
        known = next(info.shape[-1] for info in runtime.outputs if info.name == self._scores)
        for token in (tokenizer.start, tokenizer.end):
            if 0 < known <= token:
                raise ModelError(f"the decoder scores {known} tokens, counted from 0; there is no token {token}")
        count = len(self._next(encoded, [tokenizer.start]))
        if count < tokenizer.size:
            raise ModelError(f"the decoder scores {count} tokens, but the tokenizer has {tokenizer.size}")

    def generate(self, encoded: Mapping[str, Tensor], max_tokens: int) -> GeneratedText:
        """Return the text for what the encoder gave.

        Raises:
            ModelError: when the model fails, or gives no numbers.
        """
        tokens, logarithms = [self._tokenizer.start], []
        room = self._tokens.shape[1] if self._tokens.shape[1] > 0 else max_tokens
        while len(tokens) <= min(room, max_tokens):
            # Tokens without a word are there to fill the table up to a round number; they are never meant.
            scores = self._next(encoded, tokens)[: max(self._tokenizer.size, self._tokenizer.end + 1)]
            token = int(scores.argmax())
            logarithms.append(math.log(max(float(scores[token]), 1e-30)))
            if token == self._tokenizer.end:
                break
            tokens.append(token)
        text = self._tokenizer.text(tokens[1:])
        return GeneratedText(text, math.exp(sum(logarithms) / len(logarithms)))

    def _next(self, encoded: Mapping[str, Tensor], tokens: Sequence[int]) -> NDArray[np.float64]:
        """Return the probability of each token to be the next."""
        places = self._tokens.shape[1] if self._tokens.shape[1] > 0 else len(tokens)
        filled = [*tokens, *[self._tokenizer.end] * (places - len(tokens))]
        inputs = {self._tokens.name: np.array([filled], self._tokens.dtype)}
        inputs |= {name: encoded[output] for name, output in self._states.items()}
        state = encoded[next(iter(self._states.values()))]
        for info, of_encoder in self._masks.items():
            mask = np.arange(state.shape[1] if of_encoder else places) < (state.shape[1] if of_encoder else len(tokens))
            inputs[info.name] = mask[np.newaxis].astype(info.dtype)
        scores = self._runtime.infer(inputs)[self._scores]
        row = scores[0] if scores.ndim == 2 else scores[0, min(len(tokens), scores.shape[1]) - 1]
        return _probabilities(row.astype(np.float64))


def _refuse_past(inputs: Sequence[TensorInfo]) -> None:
    """Refuse the other decoders that exporters write beside the one without past."""
    past = next((info for info in inputs if "past" in info.name.casefold()), None)
    if past is not None:
        raise ModelError(
            f"the decoder goes on from a past, input {past}; one that takes all tokens at each step is wanted: "
            "decoder_model.onnx, as `optimum-cli export onnx --task image-to-text` writes it"
        )


def _token_input(inputs: Sequence[TensorInfo]) -> TensorInfo:
    found = [
        info
        for info in inputs
        if np.issubdtype(info.dtype, np.integer) and len(info.shape) == 2 and "mask" not in info.name.casefold()
    ]
    if len(found) != 1:
        raise ModelError(f"the decoder must have one input of whole numbers [1, n] for tokens, got {_listed(inputs)}")
    return found[0]


def _state_for(info: TensorInfo, encoded: Mapping[str, Tensor], inputs: Sequence[TensorInfo]) -> str:
    """Return the name of the encoder's output that an input of the decoder takes."""
    if np.issubdtype(info.dtype, np.floating):
        fitting = [name for name, array in encoded.items() if _fits(array.shape, info.shape)]
        if info.name in fitting:
            return info.name
        if fitting:
            return fitting[0]
    made = "; ".join(f"{name} {list(array.shape)}" for name, array in encoded.items())
    raise ModelError(
        f"the decoder's input {info} is for nothing that the encoder gives ({made}); "
        f"a decoder without past is wanted, one that takes all tokens at each step"
    )


def _fits(shape: Sequence[int], wanted: Sequence[int]) -> bool:
    return len(shape) == len(wanted) and all(want in (-1, size) for size, want in zip(shape, wanted, strict=True))


def _score_output(outputs: Sequence[TensorInfo]) -> str:
    floats = [info for info in outputs if np.issubdtype(info.dtype, np.floating) and len(info.shape) in (2, 3)]
    named = [info for info in floats if "logits" in info.name.casefold()]
    if not floats:
        raise ModelError(f"the decoder must have an output of scores [1, n, tokens], got {_listed(outputs)}")
    return (named or floats)[0].name


def _probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores as probabilities: as they are when that is what they are, else by softmax."""
    if not np.isfinite(scores).all():
        raise ModelError("the decoder gives scores that are no numbers")
    if scores.min() >= 0 and abs(scores.sum() - 1) < 1e-3:
        return scores
    powers = np.exp(scores - scores.max())
    shares: NDArray[np.float64] = powers / powers.sum()
    return shares


def _listed(infos: Sequence[TensorInfo]) -> str:
    return "; ".join(map(str, infos))
