from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vision.generation import stated_ends


def write(folder: Path, name: str, **values: Any) -> None:
    (folder / name).write_text(json.dumps(values))


def test_a_folder_without_such_files_states_nothing(tmp_path: Path) -> None:
    assert stated_ends(tmp_path) == (None, None)


def test_the_decoder_of_a_model_states_its_ends(tmp_path: Path) -> None:
    write(tmp_path, "config.json", model_type="vision-encoder-decoder", decoder_start_token_id=0, eos_token_id=[5, 6])
    assert stated_ends(tmp_path) == (0, 5)
    write(tmp_path, "generation_config.json", bos_token_id=0, decoder_start_token_id=2, eos_token_id=2)
    assert stated_ends(tmp_path) == (2, 2)
    write(tmp_path, "generation_config.json", decoder_start_token_id=2)
    assert stated_ends(tmp_path) == (2, None)


def test_the_end_of_a_model_that_is_no_encoder_with_a_decoder_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "generation_config.json", bos_token_id=30522, eos_token_id=2)
    assert stated_ends(tmp_path) == (None, None)


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b"[1]", b'{"decoder_start_token_id": true}', b'{"decoder_start_token_id": -1}']
)
def test_what_cannot_be_read_states_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    (tmp_path / "generation_config.json").mkdir()
    assert stated_ends(tmp_path) == (None, None)
