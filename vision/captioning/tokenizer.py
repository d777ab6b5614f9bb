"""Between the numbers that a text decoder gives and words. The only file that imports ``tokenizers``."""

from __future__ import annotations

import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

from ..runtimes import ModelError, read_labels

START_TOKENS = ("<start>", "[DEC]", "<s>", "[CLS]", "<|startoftext|>", "<bos>", "<|endoftext|>")
"""What the token before the first word is usually called, the likeliest first."""

END_TOKENS = ("<end>", "</s>", "[SEP]", "<|endoftext|>", "<eos>")
"""What the token after the last word is usually called, the likeliest first."""

# What Hugging Face puts beside a tokenizer.json; the first one wins where both are there.
_CONFIGS = ("generation_config.json", "config.json")
_START, _END = "decoder_start_token_id", "eos_token_id"

Token = str | int
"""A token, or its number: a decoder may begin with one that its tokenizer has no word for."""


class Tokenizer(ABC):
    """The tokens of a decoder.

    Attributes:
        start: Number of the token that a text begins with.
        end: Number of the one that it ends with.
        size: How many numbers there are: one more than the highest with a word.
    """

    start: int
    end: int
    size: int

    @abstractmethod
    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, without those that are no words."""

    @abstractmethod
    def _number(self, token: str) -> int | None:
        """Return the number of a token, if there is such a one."""

    def _find_start_and_end(self, path: Path, start: Token | None, end: Token | None) -> None:
        self.start = self._find(path, "start_token", start, START_TOKENS)
        self.end = self._find(path, "end_token", end, END_TOKENS)

    def _find(self, path: Path, attribute: str, declared: Token | None, usual: Sequence[str]) -> int:
        if isinstance(declared, int):
            return declared
        for token in usual if declared is None else (declared,):
            number = self._number(token)
            if number is not None:
                return number
        if declared is not None:
            raise ModelError(f"{path}: {attribute}: there is no token {declared!r}")
        raise ModelError(f"{path}: none of the tokens is one of {', '.join(usual)}; say which with {attribute}")


class WordTokenizer(Tokenizer):
    """Tokens from a text file with one on each line, numbered from 0: words, joined by spaces.

    A token that begins with ``##`` continues the word before it, as in the ``vocab.txt`` of BERT and its kin.
    """

    def __init__(self, path: Path, start: Token | None = None, end: Token | None = None) -> None:
        """Read the file.

        Raises:
            ModelError: when it cannot be read, holds a token twice, or has no start or end.
        """
        self._tokens = read_labels(path)
        self.size = len(self._tokens)
        self._numbers = {token: number for number, token in enumerate(self._tokens)}
        if len(self._numbers) != self.size:
            twice = next(token for number, token in enumerate(self._tokens) if self._numbers[token] != number)
            raise ModelError(f"{path}: the token {twice!r} stands on two lines")
        self._find_start_and_end(path, start, end)

    def text(self, tokens: Sequence[int]) -> str:
        """Return the words, without what stands in angle or square brackets."""
        words = [self._tokens[token] for token in tokens if token < self.size and token not in (self.start, self.end)]
        return " ".join(word for word in words if (word[:1], word[-1:]) not in _BRACKETS).replace(" ##", "")

    def _number(self, token: str) -> int | None:
        return self._numbers.get(token)


_BRACKETS = (("<", ">"), ("[", "]"))


class HuggingFaceTokenizer(Tokenizer):
    """Tokens from a ``tokenizer.json`` of Hugging Face; needs the package ``tokenizers``.

    ``generation_config.json`` and ``config.json`` in the same folder say what a text begins and ends with, if they do.
    """

    def __init__(self, path: Path, start: Token | None = None, end: Token | None = None) -> None:
        """Read the file.

        Raises:
            ModelError: when the package is missing, the file cannot be read, or has no start or end.
        """
        try:
            library: Any = importlib.import_module("tokenizers")
        except ImportError as error:
            raise ModelError(f"{path}: to read it `pip install camweave[onnx]`, which brings tokenizers") from error
        try:
            self._tokenizer = library.Tokenizer.from_str(path.read_text("utf-8"))
        except OSError as error:
            raise ModelError(f"{path}: the tokenizer cannot be read: {error.strerror}") from error
        except Exception as error:  # it raises plain Exception
            raise ModelError(f"{path}: is not a tokenizer.json: {str(error).strip()[:200]}") from error
        self.size = max(self._tokenizer.get_vocab().values(), default=-1) + 1  # numbers may have gaps
        stated_start, stated_end = configured_tokens(path.parent)
        self._find_start_and_end(path, stated_start if start is None else start, stated_end if end is None else end)

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text, without the special tokens."""
        words = [token for token in tokens if token not in (self.start, self.end)]
        return str(self._tokenizer.decode(words, skip_special_tokens=True)).strip()

    def _number(self, token: str) -> int | None:
        number: int | None = self._tokenizer.token_to_id(token)
        return number


def read_tokenizer(path: Path, start: Token | None = None, end: Token | None = None) -> Tokenizer:
    """Return the tokenizer of a file: ``.json`` is Hugging Face's, anything else is a list of words.

    Args:
        path: The file.
        start: The token that a text begins with; ``None`` takes what files beside a ``tokenizer.json`` state, else the
            first of ``START_TOKENS`` that there is.
        end: The token that it ends with; ``None`` the same with ``END_TOKENS``.

    Raises:
        ModelError: when it cannot be used.
    """
    kind = HuggingFaceTokenizer if path.suffix.lower() == ".json" else WordTokenizer
    return kind(path, start, end)


def configured_tokens(folder: Path) -> tuple[int | None, int | None]:
    """Return the numbers of the tokens that Hugging Face's files state as start and end, ``None`` where they do not.

    Without a start for its decoder a file is not about such a model: there ``eos_token_id`` may be of anything, in that
    of BLIP it is not what a text ends with.

    Args:
        folder: Where the files lie, if they do; one that cannot be read states nothing.
    """
    for name in _CONFIGS:
        found = _read(folder / name)
        start, end = found.get(_START), found.get(_END)
        if isinstance(end, list) and end:
            end = end[0]
        if _is_number(start):
            return start, end if _is_number(end) else None
    return None, None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
