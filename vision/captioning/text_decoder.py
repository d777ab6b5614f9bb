"""The text decoder of a captioner, which predicts the next token from the tokens so far."""

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
    """A generated text, and its confidence: the geometric mean of its tokens' probabilities, the end included."""

    text: str
    confidence: float


class TextDecoder:
    """Generates a text from the features of a picture by greedy decoding: the likeliest token at each step.

    The model is a decoder "without past": it takes all tokens so far and the features, and returns a score for each
    possible next token. Its inputs are identified by type, name and shape:

    ========================  =====================================================================================
    input                     values
    ========================  =====================================================================================
    numbers, [1, n]           the tokens so far; if n is fixed, padded with end tokens
    ``mask`` in its name      ones for the tokens, or if ``encoder`` is in the name too, for the features
    floats                    the encoder output of the same name, else the first of the same shape
    ========================  =====================================================================================

    Args:
        runtime: The model; the caller keeps it open and closes it.
        encoded: The features of any picture, by output name of the encoder.
        tokenizer: The tokenizer of the model.

    Raises:
        ModelError: when the model is not a decoder of this kind, or does not fit encoder or tokenizer.
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
            raise ModelError(f"the decoder has no input for the outputs of the encoder: {_listed(runtime.inputs)}")
        self._scores = _score_output(runtime.outputs)
        known = next(info.shape[-1] for info in runtime.outputs if info.name == self._scores)
        for token in (tokenizer.start, tokenizer.end):
            if 0 < known <= token:
                raise ModelError(f"the decoder scores {known} tokens, counted from 0; there is no token {token}")
        count = len(self._next(encoded, [tokenizer.start]))
        if count < tokenizer.size:
            raise ModelError(f"the decoder scores {count} tokens, but the tokenizer has {tokenizer.size}")

    def generate(self, encoded: Mapping[str, Tensor], max_tokens: int) -> GeneratedText:
        """Return the text for the features of a picture.

        Raises:
            ModelError: when the model fails, or returns scores that are not finite.
        """
        tokens, logarithms = [self._tokenizer.start], []
        room = self._tokens.shape[1] if self._tokens.shape[1] > 0 else max_tokens
        while len(tokens) <= min(room, max_tokens):
            # Token ids beyond the vocabulary only pad the table to a round size; never choose one.
            scores = self._next(encoded, tokens)[: max(self._tokenizer.size, self._tokenizer.end + 1)]
            token = int(scores.argmax())
            logarithms.append(math.log(max(float(scores[token]), 1e-30)))
            if token == self._tokenizer.end:
                break
            tokens.append(token)
        text = self._tokenizer.text(tokens[1:])
        return GeneratedText(text, math.exp(sum(logarithms) / len(logarithms)))

    def _next(self, encoded: Mapping[str, Tensor], tokens: Sequence[int]) -> NDArray[np.float64]:
        """Return the probability of each token as the next one."""
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
    """Reject the decoders with past that exporters write beside the one without."""
    past = next((info for info in inputs if "past" in info.name.casefold()), None)
    if past is not None:
        raise ModelError(
            f"the decoder needs a past, input {past}; use one that takes all tokens at each step: "
            "decoder_model.onnx, as `optimum-cli export onnx --task image-to-text` writes it"
        )


def _token_input(inputs: Sequence[TensorInfo]) -> TensorInfo:
    found = [
        info
        for info in inputs
        if np.issubdtype(info.dtype, np.integer) and len(info.shape) == 2 and "mask" not in info.name.casefold()
    ]
    if len(found) != 1:
        raise ModelError(f"the decoder must have one integer input [1, n] for tokens, got {_listed(inputs)}")
    return found[0]


def _state_for(info: TensorInfo, encoded: Mapping[str, Tensor], inputs: Sequence[TensorInfo]) -> str:
    """Return the name of the encoder output for an input of the decoder."""
    if np.issubdtype(info.dtype, np.floating):
        fitting = [name for name, array in encoded.items() if _fits(array.shape, info.shape)]
        if info.name in fitting:
            return info.name
        if fitting:
            return fitting[0]
    made = "; ".join(f"{name} {list(array.shape)}" for name, array in encoded.items())
    raise ModelError(
        f"the decoder's input {info} fits no output of the encoder ({made}); "
        f"use a decoder without past, which takes all tokens at each step"
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
    """Return scores after softmax, unless they are probabilities."""
    if not np.isfinite(scores).all():
        raise ModelError("the decoder returns scores that are not finite")
    if scores.min() >= 0 and abs(scores.sum() - 1) < 1e-3:
        return scores
    powers = np.exp(scores - scores.max())
    shares: NDArray[np.float64] = powers / powers.sum()
    return shares


def _listed(infos: Sequence[TensorInfo]) -> str:
    return "; ".join(map(str, infos))
