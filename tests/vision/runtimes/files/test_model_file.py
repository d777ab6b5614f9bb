from __future__ import annotations

import os
from pathlib import Path

import pytest

from vision import LiteRt, ModelError
from vision.runtimes.files import ModelFile


def error(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        LiteRt.check_format(ModelFile.read(path))
    return str(caught.value).replace(str(path), "FILE")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert error(tmp_path / "missing.tflite") == "FILE: no such model file"
    assert error(tmp_path) == "FILE: is a folder, not a model file"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert error(pipe) == "FILE: is not a regular file"
    assert error(tmp_path / ("x" * 300)) == "FILE: the model file cannot be read: File name too long"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the model file is empty; download it again"),
        (b"hello there, this is\nno model\n", "is not a TFLite model but text: 'hello there, this is no model'"),
        (b"x" * 999, f"is not a TFLite model but text: '{'x' * 40}'"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
            "is not a TFLite model but a Git LFS pointer; fetch the file itself with `git lfs pull`",
        ),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "is not a TFLite model but a PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(9), "is not a TFLite model but a JPEG picture"),
        (b"\x08\x07\x12\x07pytorch" + bytes(9), "is not a TFLite model but an ONNX model"),
        (b"\x08\x0a\x3a\x10" + bytes(9), "is not a TFLite model but an ONNX model"),
        (b"PK\x03\x04" + bytes(9), "is not a TFLite model but a zip archive; unpack it first"),
        (b"<!DOCTYPE html>", "is not a TFLite model but a web page or XML"),
        (bytes(12), "is not a TFLite model but something else: 12 bytes that start with 00 00 00 00 00 00 00 00"),
        (
            b"\x1c\0\0\0TFL4",
            "is not a TFLite model but something else: 8 bytes that start with 1c 00 00 00 54 46 4c 34",
        ),
        (b"TFL", "is not a TFLite model but text: 'TFL'"),
    ],
)
def test_the_error_describes_a_file_that_is_not_a_model(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "file.tflite"
    path.write_bytes(content)
    assert error(path) == f"FILE: {sentence}"


def test_a_file_has_its_content_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    file = ModelFile.read(path)
    assert (file.content, file.sha256[:8]) == (b"abc", "ba7816bf")
