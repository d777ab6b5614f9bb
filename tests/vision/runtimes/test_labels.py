from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from vision import ModelError
from vision.runtimes.labels import MAX_BYTES, labels_from_text, packed_labels, read_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("cat\ndog\n", ("cat", "dog")),
        ("cat\r\ndog\r\n", ("cat", "dog")),
        ("\n cat \n\n\t\ndog", ("cat", "dog")),
        ("\ufeffcat\ndog", ("cat", "dog")),
        ("person\n???\ncar\n", ("person", "???", "car")),
        ("cat, dog,bird", ("cat", "dog", "bird")),
        ("cat dog  bird\n", ("cat", "dog", "bird")),
        ("tench, Tinca tinca\ngoldfish, Carassius auratus\n", ("tench, Tinca tinca", "goldfish, Carassius auratus")),
        ("cat", ("cat",)),
        ("\n \n", ()),
    ],
)
def test_labels_are_one_per_line_or_all_on_one_line(text: str, labels: tuple[str, ...]) -> None:
    assert labels_from_text(text) == labels


def test_a_label_file_is_utf_8_with_or_without_a_bom(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffköttbullar\nσκύλος\n".encode())
    assert read_labels(path) == ("köttbullar", "σκύλος")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such labels file"),
        (b" \n", "the labels file is empty; it must have one label per line"),
        (b"caf\xe9\n", "the labels file is not UTF-8 text (byte 0xe9 at 3)"),
    ],
)
def test_an_unusable_file_is_refused(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "labels.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read_labels(path)
    assert str(caught.value) == f"{path}: {sentence}"


def test_a_folder_and_a_huge_label_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the labels file cannot be read: Is a directory"):
        read_labels(tmp_path)
    path = tmp_path / "labels.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ModelError, match="too large for a list of labels, got 16777217 bytes"):
        read_labels(path)


def packed(**files: str) -> bytes:
    buffer = io.BytesIO(b"")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return b"the model" + buffer.getvalue()


def test_labels_are_found_in_a_model_file() -> None:
    assert packed_labels(packed(labels_txt="cat\ndog", readme_md="hello")) == ("cat", "dog")


def test_the_label_file_named_by_the_metadata_is_used() -> None:
    content = packed(a_txt="cat\ndog", b_txt="car\nbus")
    assert packed_labels(content, ["missing.txt", "b.txt"]) == ("car", "bus")
    assert packed_labels(content) == ()


@pytest.mark.parametrize("name", ["temp_txt", "metadata_json"])
def test_labels_are_found_in_ultralytics_metadata(name: str) -> None:
    text = str({"author": "Ultralytics", "imgsz": [640, 640], "names": {0: "person", 1: "driver's car"}})
    assert packed_labels(packed(**{name: text})) == ("person", "driver's car")
    assert packed_labels(packed(**{name: str({"author": "somebody"})})) == ()


@pytest.mark.parametrize("content", [b"", b"no zip", packed(labels_txt="cat" * 99)[:-30]])
def test_a_file_that_is_not_a_zip_has_no_labels(content: bytes) -> None:
    assert packed_labels(content) == ()


def test_a_damaged_or_huge_zip_has_no_labels() -> None:
    content = bytearray(packed(labels_txt="cat\ndog\n" * 50))
    content[60:70] = bytes(10)
    assert packed_labels(bytes(content)) == ()
    assert packed_labels(packed(labels_txt="x" * (MAX_BYTES + 1))) == ()
