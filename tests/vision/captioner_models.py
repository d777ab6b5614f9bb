"""The builder of a tiny ONNX captioner of three colours: ``a red picture`` for a mostly red picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import decoders, models

from tests.vision import onnx_models
from vision import CaptionerAttributes

TOKENS = ("[UNK]", "[CLS]", "[SEP]", "a", "red", "green", "blue", "pict", "##ure")
_NEXT = {"[CLS]": ["a"], "a": ["red", "green", "blue"], "pict": ["##ure"], "##ure": ["[SEP]"]}


def encoder(side_px: int | None = None) -> bytes:
    """Return a model from ``pixel_values`` of any size to the mean of each colour, (1, 1, 3).

    With ``side_px`` it takes but that size, and still says that it takes any: so are Vision Transformers exported.
    """
    sides = np.array([0, 0, 0, 0] if side_px is None else [1, 3, side_px, side_px], np.int64)  # 0: as it comes
    nodes = [
        onnx_models.node("Reshape", ["pixel_values", "sides"], "sized"),
        onnx_models.node("GlobalAveragePool", ["sized"], "pooled"),
        onnx_models.node("Reshape", ["pooled", "shape"], "last_hidden_state"),
    ]
    constants = [onnx_models.tensor("sides", sides), onnx_models.tensor("shape", np.array([-1, 1, 3], np.int64))]
    given = onnx_models.value("pixel_values", "float32", ("batch", "channels", "height", "width"))
    made = onnx_models.value("last_hidden_state", "float32", ("batch", 1, 3))
    return onnx_models.file(nodes, constants, [given], [made])


def decoder(words: int = len(TOKENS)) -> bytes:
    """Return a model that adds up what usually comes next and what the colours say, as scores of ``words`` tokens."""
    usual = np.zeros((len(TOKENS), words), np.float32)
    for token, following in (_NEXT | dict.fromkeys(("red", "green", "blue"), ["pict"])).items():
        usual[TOKENS.index(token), [TOKENS.index(one) for one in following]] = 12.0
    seen = np.zeros((3, words), np.float32)
    seen[range(3), [TOKENS.index(color) for color in ("red", "green", "blue")]] = 6.0
    nodes = [
        onnx_models.node("Gather", ["usual", "input_ids"], "expected"),
        onnx_models.node("MatMul", ["encoder_hidden_states", "seen"], "colored"),
        onnx_models.node("Add", ["expected", "colored"], "logits"),
    ]
    given = [
        onnx_models.value("input_ids", "int64", ("batch", "length")),
        onnx_models.value("encoder_hidden_states", "float32", ("batch", "cells", 3)),
    ]
    constants = [onnx_models.tensor("usual", usual), onnx_models.tensor("seen", seen)]
    return onnx_models.file(
        nodes, constants, given, [onnx_models.value("logits", "float32", ("batch", "length", words))]
    )


def tokenizer() -> str:
    """Return the text of a ``tokenizer.json``."""
    numbers = {token: number for number, token in enumerate(TOKENS)}
    made = tokenizers.Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    made.decoder = decoders.WordPiece()
    made.add_special_tokens(["[UNK]", "[CLS]", "[SEP]"])
    return str(made.to_str())


def files(folder: Path) -> CaptionerAttributes:
    """Write the captioner into a folder and return the attributes that name it."""
    (folder / "encoder_model.onnx").write_bytes(encoder())
    (folder / "decoder_model.onnx").write_bytes(decoder())
    (folder / "tokenizer.json").write_text(tokenizer())
    return CaptionerAttributes(
        model_path=folder / "encoder_model.onnx",
        decoder_path=folder / "decoder_model.onnx",
        tokenizer_path=folder / "tokenizer.json",
        input_image_size_px=16,
    )
