"""Conversion of token ids to text. The only module that imports ``tokenizers``."""

from __future__ import annotations

import contextlib
import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from ..runtimes import ModelError, read_lines

START_TOKENS = ("<start>", "[DEC]", "<s>", "[CLS]", "<|startoftext|>", "<bos>", "<|endoftext|>")
"""Usual names of the start token, likeliest first."""

END_TOKENS = ("<end>", "</s>", "[SEP]", "<|endoftext|>", "<eos>")
"""Usual names of the end token, likeliest first."""

# Files of Hugging Face beside a tokenizer.json; the first one with a start token wins.
_CONFIGS = ("generation_config.json", "config.json")
_START, _END = "decoder_start_token_id", "eos_token_id"

Token = str | int
"""A token or its id: a start token may be missing in the vocabulary of the tokenizer."""


class Tokenizer(ABC):
    """The tokens of a decoder.

    Attributes:
        start: Id of the start token.
        end: Id of the end token.
        size: Size of the vocabulary: the highest id plus one.
    """

    start: int
    end: int
    size: int

    @abstractmethod
    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of token ids, without special tokens."""

    @abstractmethod
    def _number(self, token: str) -> int | None:
        """Return the id of a token, ``None`` if the vocabulary has no such token."""

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
            raise ModelError(f"{path}: {attribute}: no such token: {declared!r}")
        raise ModelError(f"{path}: has none of the tokens {', '.join(usual)}; set {attribute}")


class WordTokenizer(Tokenizer):
    """A tokenizer from a text file with one token per line, with ids from 0; words are joined by spaces.

    A token that begins with ``##`` continues the word before it, as in the ``vocab.txt`` of BERT models.
    """

    def __init__(self, path: Path, start: Token | None = None, end: Token | None = None) -> None:
        """Read the file.

        Raises:
            ModelError: when the file cannot be read, has a token twice, or has no start or end token.
        """
        self._tokens = read_lines(path)
        self.size = len(self._tokens)
        self._numbers = {token: number for number, token in enumerate(self._tokens)}
        if len(self._numbers) != self.size:
            twice = next(token for number, token in enumerate(self._tokens) if self._numbers[token] != number)
            raise ModelError(f"{path}: the token {twice!r} is on two lines")
        self._find_start_and_end(path, start, end)

    def text(self, tokens: Sequence[int]) -> str:
        """Return the words, without tokens in angle or square brackets."""
        words = [self._tokens[token] for token in tokens if token < self.size and token not in (self.start, self.end)]
        return " ".join(word for word in words if (word[:1], word[-1:]) not in _BRACKETS).replace(" ##", "")

    def _number(self, token: str) -> int | None:
        return self._numbers.get(token)


_BRACKETS = (("<", ">"), ("[", "]"))


class HuggingFaceTokenizer(Tokenizer):
    """A tokenizer from a ``tokenizer.json`` of Hugging Face; needs the package ``tokenizers``.

    ``generation_config.json`` or ``config.json`` in the same folder may name start and end token.
    """

    def __init__(self, path: Path, start: Token | None = None, end: Token | None = None) -> None:
        """Read the file.

        Raises:
            ModelError: when the package is missing, or the file cannot be read or has no start or end token.
        """
        try:
            library: Any = importlib.import_module("tokenizers")
        except ImportError as error:
            raise ModelError(f"{path}: needs the package tokenizers; `pip install camweave[onnx]`") from error
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: the tokenizer cannot be read: {error.strerror}") from error
        with _model_errors(f"{path}: is not a tokenizer.json"):
            self._tokenizer = library.Tokenizer.from_str(content.decode())
        self._path = path
        self.size = max(self._tokenizer.get_vocab().values(), default=-1) + 1  # ids may have gaps
        configured_start, configured_end = configured_tokens(path.parent)
        self._find_start_and_end(
            path, configured_start if start is None else start, configured_end if end is None else end
        )

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text, without the special tokens."""
        words = [token for token in tokens if token not in (self.start, self.end)]
        with _model_errors(f"{self._path}: the tokenizer fails"):
            return str(self._tokenizer.decode(words, skip_special_tokens=True)).strip()

    def _number(self, token: str) -> int | None:
        number: int | None = self._tokenizer.token_to_id(token)
        return number


@contextlib.contextmanager
def _model_errors(what: str) -> Iterator[None]:
    """Turn the errors of the library into a ModelError; a panic of its Rust code, too, which is no Exception."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ModelError(f"{what}: {str(error).strip()[:200]}") from error


def read_tokenizer(path: Path, start: Token | None = None, end: Token | None = None) -> Tokenizer:
    """Return the tokenizer of a file: ``.json`` is Hugging Face's format, any other suffix a list of words.

    Args:
        path: The file.
        start: The start token; ``None`` uses the one in the files beside a ``tokenizer.json``, else the first of
            ``START_TOKENS`` in the vocabulary.
        end: The end token; ``None`` does the same with ``END_TOKENS``.

    Raises:
        ModelError: when the file cannot be used.
    """
    kind = HuggingFaceTokenizer if path.suffix.lower() == ".json" else WordTokenizer
    return kind(path, start, end)


def configured_tokens(folder: Path) -> tuple[int | None, int | None]:
    """Return the ids of start and end token in Hugging Face's configuration files, ``None`` where they are missing.

    A file without ``decoder_start_token_id`` is ignored: its ``eos_token_id`` may belong to another model. In that of
    BLIP it is not the token that ends a text.

    Args:
        folder: Folder with the files; missing and unreadable files are ignored.
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
