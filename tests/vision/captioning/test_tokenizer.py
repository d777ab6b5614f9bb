from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from tests.vision import captioner_models
from vision import ModelError
from vision.captioning.tokenizer import HuggingFaceTokenizer, WordTokenizer, configured_tokens, read_tokenizer


def words(folder: Path, *tokens: str) -> Path:
    path = folder / "words.txt"
    path.write_text("\n".join(tokens) + "\n")
    return path


def hugging_face(folder: Path) -> Path:
    path = folder / "tokenizer.json"
    path.write_text(captioner_models.tokenizer())
    return path


def test_a_text_file_holds_a_token_on_each_line(tmp_path: Path) -> None:
    tokenizer = read_tokenizer(words(tmp_path, "<end>", "<start>", "a", "red", "star"))
    assert isinstance(tokenizer, WordTokenizer)
    assert (tokenizer.start, tokenizer.end, tokenizer.size) == (1, 0, 5)
    assert tokenizer.text([2, 3, 4]) == "a red star"
    assert tokenizer.text([]) == ""


def test_what_is_no_word_is_left_out_and_parts_are_put_together(tmp_path: Path) -> None:
    tokenizer = read_tokenizer(words(tmp_path, "[CLS]", "[SEP]", "[PAD]", "pict", "##ure", "a"))
    assert tokenizer.text([0, 5, 2, 3, 4, 1]) == "a picture"


def test_a_tokenizer_json_is_read_by_its_own_library(tmp_path: Path) -> None:
    tokenizer = read_tokenizer(hugging_face(tmp_path))
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    assert (tokenizer.start, tokenizer.end, tokenizer.size) == (1, 2, len(captioner_models.TOKENS))
    assert tokenizer.text([1, 3, 4, 7, 8, 2]) == "a red picture"


def test_start_and_end_can_be_named(tmp_path: Path) -> None:
    path = words(tmp_path, "begin", "stop", "a")
    tokenizer = read_tokenizer(path, "begin", "stop")
    assert (tokenizer.start, tokenizer.end) == (0, 1)
    named = read_tokenizer(hugging_face(tmp_path), "[SEP]", "[UNK]")
    assert (named.start, named.end) == (2, 0)


def test_start_and_end_can_be_numbers_of_tokens_without_a_word(tmp_path: Path) -> None:
    for path, a in ((words(tmp_path, "[CLS]", "[SEP]", "a"), 2), (hugging_face(tmp_path), 3)):
        tokenizer = read_tokenizer(path, 30522, 30523)
        assert (tokenizer.start, tokenizer.end) == (30522, 30523)
        assert tokenizer.text([30522, a, 30524, 30523]) == "a"


def test_files_beside_a_tokenizer_json_say_what_a_text_begins_and_ends_with(tmp_path: Path) -> None:
    path = hugging_face(tmp_path)
    (tmp_path / "generation_config.json").write_text('{"decoder_start_token_id": 2, "eos_token_id": 0}')
    stated, declared = read_tokenizer(path), read_tokenizer(path, "[CLS]", 2)
    assert (stated.start, stated.end) == (2, 0)
    assert (declared.start, declared.end) == (1, 2)


def test_numbers_may_have_gaps(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    numbers = {"[CLS]": 1, "[SEP]": 2, "red": 9}
    path.write_text(tokenizers.Tokenizer(tokenizers.models.WordLevel(numbers, unk_token="[SEP]")).to_str())
    tokenizer = read_tokenizer(path)
    assert tokenizer.size == 10
    assert tokenizer.text([9]) == "red"


def test_one_token_may_be_both(tmp_path: Path) -> None:
    tokenizer = read_tokenizer(words(tmp_path, "a", "<|endoftext|>"))
    assert (tokenizer.start, tokenizer.end) == (1, 1)


@pytest.mark.parametrize(
    ("tokens", "start", "sentence"),
    [
        (("a", "b"), None, "has none of the tokens <start>, [DEC], <s>, [CLS], <|startoftext|>, <bos>, "
         "<|endoftext|>; set start_token"),
        (("<start>", "b"), None, "has none of the tokens <end>, </s>, [SEP], <|endoftext|>, <eos>; "
         "set end_token"),
        (("<start>", "<end>"), "begin", "start_token: no such token: 'begin'"),
        (("<start>", "<end>", "a", "b", "a"), None, "the token 'a' is on two lines"),
    ],
)  # fmt: skip
def test_a_list_of_words_that_cannot_be_used(
    tmp_path: Path, tokens: tuple[str, ...], start: str | None, sentence: str
) -> None:
    path = words(tmp_path, *tokens)
    with pytest.raises(ModelError) as caught:
        read_tokenizer(path, start)
    assert str(caught.value) == f"{path}: {sentence}"


def test_a_file_that_is_no_tokenizer_json(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json: is not a tokenizer\.json: "):
        read_tokenizer(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match=r"tokenizer\.json: is not a tokenizer\.json: "):
        read_tokenizer(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("tokenizer.json", "words.txt"):
        with pytest.raises(ModelError, match=name):
            read_tokenizer(tmp_path / name)


def test_without_the_package_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hugging_face(tmp_path)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModelError) as caught:
        read_tokenizer(path)
    assert str(caught.value) == f"{path}: needs the package tokenizers; `pip install camweave[onnx]`"


def write(folder: Path, name: str, **values: Any) -> None:
    (folder / name).write_text(json.dumps(values))


def test_a_folder_without_these_files_is_ignored(tmp_path: Path) -> None:
    assert configured_tokens(tmp_path) == (None, None)


def test_the_decoder_of_a_model_states_its_ends(tmp_path: Path) -> None:
    write(tmp_path, "config.json", model_type="vision-encoder-decoder", decoder_start_token_id=0, eos_token_id=[5, 6])
    assert configured_tokens(tmp_path) == (0, 5)
    write(tmp_path, "generation_config.json", bos_token_id=0, decoder_start_token_id=2, eos_token_id=2)
    assert configured_tokens(tmp_path) == (2, 2)
    write(tmp_path, "generation_config.json", decoder_start_token_id=2)
    assert configured_tokens(tmp_path) == (2, None)


def test_the_end_of_a_model_that_is_no_encoder_with_a_decoder_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "generation_config.json", bos_token_id=30522, eos_token_id=2)
    assert configured_tokens(tmp_path) == (None, None)


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b"[1]", b'{"decoder_start_token_id": true}', b'{"decoder_start_token_id": -1}']
)
def test_an_unreadable_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    (tmp_path / "generation_config.json").mkdir()
    assert configured_tokens(tmp_path) == (None, None)


def panicking(folder: Path, **parts: Any) -> Path:
    """Write a tokenizer that makes the library's Rust code panic, whose exception is no ``Exception``."""
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({**json.loads(captioner_models.tokenizer()), **parts}))
    return path


def test_a_panic_of_the_library_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = panicking(tmp_path, normalizer={"type": "Precompiled", "precompiled_charsmap": ""})
    with pytest.raises(ModelError, match="tokenizer.json: is not a tokenizer.json: Precompiled: "):
        read_tokenizer(path)
    tokenizer = read_tokenizer(panicking(tmp_path, decoder={"type": "Strip", "content": "a", "start": 5, "stop": 99}))
    with pytest.raises(ModelError, match="tokenizer.json: the tokenizer fails: index out of bounds"):
        tokenizer.text([3, 4])


def test_an_interrupt_is_no_error_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = read_tokenizer(hugging_face(tmp_path))
    assert isinstance(tokenizer, HuggingFaceTokenizer)

    class Interrupted:
        def decode(self, tokens: object, skip_special_tokens: bool) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(tokenizer, "_tokenizer", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        tokenizer.text([3])
