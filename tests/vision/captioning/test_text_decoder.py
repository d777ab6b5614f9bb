from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.vision.fakes import FakeRuntime
from vision import ModelError
from vision.captioning.text_decoder import TextDecoder
from vision.captioning.tokenizer import Tokenizer
from vision.runtimes.base import Tensor, TensorInfo
from vision.runtimes.files import ModelFile

WORDS = ("<end>", "<start>", "a", "red", "star")
SENTENCE = (2, 3, 4, 0)
ENCODED: dict[str, Tensor] = {"pooled": np.zeros((1, 4), np.float32), "cells": np.ones((1, 6, 4), np.float32)}
CELLS = TensorInfo("cells", (1, -1, 4), np.dtype(np.float32))


class Words(Tokenizer):
    """The words above."""

    size = len(WORDS)

    def __init__(self, start: int = 1, end: int = 0) -> None:
        self.start, self.end = start, end

    def text(self, tokens: Sequence[int]) -> str:
        return " ".join(WORDS[token] for token in tokens if token > 1)

    def _number(self, token: str) -> int | None:
        return WORDS.index(token)


def tokens_input(length: int, dtype: str = "int64") -> TensorInfo:
    return TensorInfo("input_ids", (1, length), np.dtype(dtype))


def decoder(
    *inputs: TensorInfo,
    scores: Callable[[int], NDArray[np.float32]] | None = None,
    width: int = len(WORDS),
    flat: bool = False,
    outputs: Sequence[TensorInfo] | None = None,
    words: Tokenizer | None = None,
) -> tuple[TextDecoder, list[Mapping[str, Tensor]]]:
    """Return a decoder on a model that says the sentence, or gives ``scores`` of each place, and what it is asked."""

    def usual(place: int) -> NDArray[np.float32]:
        row = np.zeros(width, np.float32)
        row[SENTENCE[min(place, len(SENTENCE) - 1)]] = 9.0
        return row

    def function(given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        places = given["input_ids"].shape[1]
        rows = np.stack([(scores or usual)(place) for place in range(places)])
        last = next((n for n, token in enumerate(given["input_ids"][0]) if token == 0), places) - 1
        return {"past": np.zeros((1, 2, 3, 4), np.float32), "logits": rows[None, last] if flat else rows[None]}

    logits = TensorInfo("logits", (1, width) if flat else (1, -1, width), np.dtype(np.float32))
    past = TensorInfo("past", (1, 2, 3, 4), np.dtype(np.float32))
    values: dict[str, Any] = {
        "inputs": inputs,
        "outputs": (past, logits) if outputs is None else outputs,
        "function": staticmethod(function),
        "requests": [],
    }
    kind: type[FakeRuntime] = type("FakeDecoder", (FakeRuntime,), values)
    made = TextDecoder(kind(ModelFile(Path("decoder"), b"", "")), ENCODED, words or Words())
    kind.requests.clear()
    return made, kind.requests


def error(*inputs: TensorInfo, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        decoder(*inputs, **options)
    return str(caught.value)


def test_the_likeliest_token_is_taken_until_the_end() -> None:
    writer, asked = decoder(tokens_input(-1), CELLS)
    written = writer.generate(ENCODED, 30)
    assert written.text == "a red star"
    likely = math.exp(9) / (math.exp(9) + len(WORDS) - 1)
    assert written.confidence == pytest.approx(likely)
    assert [given["input_ids"].tolist() for given in asked] == [[[1]], [[1, 2]], [[1, 2, 3]], [[1, 2, 3, 4]]]
    assert all(given["cells"] is ENCODED["cells"] for given in asked)


def test_a_fixed_number_of_tokens_is_filled_up_with_ends() -> None:
    writer, asked = decoder(tokens_input(6, "int32"), CELLS)
    assert writer.generate(ENCODED, 30).text == "a red star"
    assert [given["input_ids"].tolist() for given in asked][:2] == [[[1, 0, 0, 0, 0, 0]], [[1, 2, 0, 0, 0, 0]]]
    assert asked[0]["input_ids"].dtype == np.int32


@pytest.mark.parametrize(("length", "most", "text"), [(-1, 2, "a red"), (2, 30, "a red"), (-1, 1, "a")])
def test_a_text_ends_when_the_input_is_full(length: int, most: int, text: str) -> None:
    writer, asked = decoder(tokens_input(length), CELLS)
    assert writer.generate(ENCODED, most).text == text
    assert len(asked) == len(text.split())


def test_scores_of_the_last_token_alone_are_read_too() -> None:
    writer, _ = decoder(tokens_input(6), CELLS, flat=True)
    assert writer.generate(ENCODED, 30).text == "a red star"


def test_probabilities_are_unchanged() -> None:
    def shares(place: int) -> NDArray[np.float32]:
        row = np.full(len(WORDS), 0.05, np.float32)
        row[SENTENCE[min(place, 3)]] = 0.8
        return row

    writer, _ = decoder(tokens_input(-1), CELLS, scores=shares)
    assert writer.generate(ENCODED, 30).confidence == pytest.approx(0.8)


def test_masks_cover_the_labelled_pixels() -> None:
    mask = TensorInfo("attention_mask", (1, -1), np.dtype(np.int64))
    other = TensorInfo("encoder_attention_mask", (1, -1), np.dtype(np.int64))
    writer, asked = decoder(tokens_input(4), mask, CELLS, other)
    writer.generate(ENCODED, 2)
    assert [given["attention_mask"].tolist() for given in asked] == [[[1, 0, 0, 0]], [[1, 1, 0, 0]]]
    assert asked[0]["encoder_attention_mask"].tolist() == [[1] * 6]


def test_encoder_outputs_are_matched_by_name_then_by_shape() -> None:
    pooled = TensorInfo("anything", (-1, 4), np.dtype(np.float32))
    writer, asked = decoder(tokens_input(-1), pooled, CELLS)
    writer.generate(ENCODED, 1)
    assert asked[0]["anything"] is ENCODED["pooled"]
    assert asked[0]["cells"] is ENCODED["cells"]


def test_tokens_without_a_word_are_never_written() -> None:
    writer, _ = decoder(tokens_input(-1), CELLS, width=9, scores=lambda _: np.arange(9, dtype=np.float32))
    assert writer.generate(ENCODED, 2).text == "star star"


def test_a_text_may_begin_and_end_with_tokens_without_a_word() -> None:
    def scores(place: int) -> NDArray[np.float32]:
        row = np.zeros(8, np.float32)
        row[(2, 3, 7)[min(place, 2)]] = 9.0
        return row

    writer, asked = decoder(tokens_input(-1), CELLS, width=8, scores=scores, words=Words(6, 7))
    assert writer.generate(ENCODED, 30).text == "a red"
    assert [given["input_ids"].tolist() for given in asked] == [[[6]], [[6, 2]], [[6, 2, 3]]]
    for words in (Words(8, 0), Words(1, 8)):
        assert error(tokens_input(-1), CELLS, width=8, words=words) == (
            "the decoder scores 8 tokens, counted from 0; there is no token 8"
        )


def test_an_immediate_end_is_an_empty_text() -> None:
    writer, _ = decoder(tokens_input(-1), CELLS, scores=lambda _: np.array([5, 0, 0, 0, 0], np.float32))
    assert writer.generate(ENCODED, 30).text == ""


def test_a_decoder_with_past_is_refused_for_the_one_that_lies_beside_it() -> None:
    past = TensorInfo("past_key_values.0.key", (-1, 4, -1, 8), np.dtype(np.float32))
    switch = TensorInfo("use_cache_branch", (1,), np.dtype(np.bool_))
    sentence = (
        "the decoder needs a past, input past_key_values.0.key [any, 4, any, 8] float32; use one that takes all "
        "tokens at each step: decoder_model.onnx, as `optimum-cli export onnx --task image-to-text` writes it"
    )
    assert error(tokens_input(-1), CELLS, past) == sentence
    assert error(switch, tokens_input(-1), CELLS, past) == sentence
    assert error(tokens_input(-1), past) == sentence


def test_models_that_are_no_decoder_are_refused() -> None:
    more = TensorInfo("more", (1, 4, -1, 16), np.dtype(np.float32))
    given = "pooled [1, 4]; cells [1, 6, 4]"
    assert error(CELLS) == ("the decoder must have one integer input [1, n] for tokens, got cells [1, any, 4] float32")
    assert error(tokens_input(-1)) == (
        "the decoder has no input for the outputs of the encoder: input_ids [1, any] int64"
    )
    assert error(tokens_input(-1), CELLS, more) == (
        f"the decoder's input more [1, 4, any, 16] float32 fits no output of the encoder ({given}); "
        "use a decoder without past, which takes all tokens at each step"
    )
    assert error(tokens_input(-1), CELLS, width=4, scores=lambda _: np.zeros(4, np.float32)) == (
        "the decoder scores 4 tokens, but the tokenizer has 5"
    )
    whole = TensorInfo("numbers", (1, 5), np.dtype(np.int64))
    assert error(tokens_input(-1), CELLS, outputs=[whole]) == (
        "the decoder must have an output of scores [1, n, tokens], got numbers [1, 5] int64"
    )
    assert error(tokens_input(-1), CELLS, scores=lambda _: np.full(5, np.nan, np.float32)) == (
        "the decoder returns scores that are not finite"
    )
