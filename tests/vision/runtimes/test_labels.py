from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from vision import ModelError
from vision.runtimes import LabelsError
from vision.runtimes.labels import (
    MAX_BYTES,
    FittedLabels,
    Labels,
    differences,
    labels_from_text,
    packed_labels,
    packed_texts,
    read_labels,
    read_lines,
)

ROW = [f"thing {number}" for number in range(80)]
ROW[0], ROW[-1] = "person", "toothbrush"
UNUSED = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)  # numbers of COCO, which begin with 1
GAPS = list(ROW)
for number in UNUSED:
    GAPS.insert(number - 1, "N/A")


def labels(folder: Path, text: str, name: str = "labels.txt") -> Labels:
    path = folder / name
    path.write_text(text)
    return read_labels(path)


@pytest.mark.parametrize(
    ("names", "has_gaps", "highest", "label"),  # of the class 89
    [
        (ROW, None, 79, None),
        (ROW, False, 79, None),
        (ROW, False, 89, "toothbrush"),
        (ROW, True, 89, "toothbrush"),
        (["background", *ROW], True, 79, None),  # its lines are the numbers of the model
        (GAPS, None, 5, "toothbrush"),
        (GAPS, True, 5, "toothbrush"),
        (GAPS, False, 89, "toothbrush"),
        (["__background__", *GAPS], True, 5, "toothbrush"),
    ],
)
def test_the_names_of_coco_follow_the_numbers_of_the_model(
    names: list[str], has_gaps: bool | None, highest: int, label: str | None
) -> None:
    found = Labels.of(names).of_rows(lambda: highest, has_gaps=has_gaps).names
    assert found[0] == "person"
    assert (found[89] if len(found) > 89 else None) == label


def test_names_of_coco_by_other_numbers_are_refused_with_both(tmp_path: Path) -> None:
    with pytest.raises(LabelsError) as caught:
        Labels.of(ROW).of_rows(lambda: 5, has_gaps=True)
    assert str(caught.value) == (
        "there are 80 labels of COCO, but such models number its 80 classes 1 to 90, with gaps: use the list with 90, "
        "or number its lines if this one does not, the first one `1: person`"
    )
    numbered = labels(tmp_path, "".join(f"{number}: {name}\n" for number, name in enumerate(ROW, 1)))
    assert len(numbered.of_rows(lambda: 5, has_gaps=True).names) == 80
    with pytest.raises(LabelsError, match="0 to 79, without gaps: use the list with 80$"):
        Labels.of(GAPS).of_rows(lambda: 5, has_gaps=False)


def test_the_names_of_coco_fit_a_number_of_scores_of_either_kind() -> None:
    assert Labels.of(GAPS).fitted(80, "").names == tuple(ROW)
    with_gaps = tuple("???" if name == "N/A" else name for name in GAPS)
    assert Labels.of(ROW).fitted(90, "").names == with_gaps
    assert Labels.of(ROW).fitted(91, "").names == ("background", *with_gaps)


def test_a_label_file_is_utf_8_or_utf_16_with_a_bom(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text("köttbullar\nσκύλος\n", encoding)
        assert read_labels(path).unbounded().names == ("köttbullar", "σκύλος")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such labels file"),
        (b" \n", "the labels file is empty; it must have one label per line"),
        (b"caf\xe9\n", "the labels file is not UTF-8 text (byte 0xe9 at 3); save it as UTF-8"),
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


def test_labels_that_fit_say_where_they_are_from_and_why(tmp_path: Path) -> None:
    found = labels(tmp_path, "???\na\nb\n")
    assert found.fitted(2, "the classifier gives 2 scores") == FittedLabels(
        ("a", "b"),
        "labels.txt",
        "one label per line; the first label, ???, stands for the background, which the model has no score for",
    )
    assert found.unbounded() == FittedLabels(
        ("a", "b"),
        "labels.txt",
        "one label per line; the first label, ???, stands for the background, and the model numbers its first class 0",
    )
    assert Labels().unbounded() == Labels().fitted(3, "") == FittedLabels()
    assert Labels.of(("a", "b"), "the model file").unbounded() == FittedLabels(
        ("a", "b"), "the model file", "one label per class"
    )


@pytest.mark.parametrize(
    ("text", "count", "form"),
    [
        ("a\n", 1, " (one label, on its only line)"),
        ("a\nb\nc\n", 3, ""),
        ("0: a\n5: b\n", 6, " (a number and a label per line, 0 to 5 with 4 unused)"),
    ],
)
def test_too_few_and_too_many_labels_are_one_error_with_both_numbers(
    tmp_path: Path, text: str, count: int, form: str
) -> None:
    found = labels(tmp_path, text)
    with pytest.raises(LabelsError) as caught:
        found.fitted(4, "the head gives 4 scores")
    assert str(caught.value) == f"there are {count} labels{form} but the head gives 4 scores"
    assert not found.fits(4)
    assert found.fits(count)
    assert Labels().fits(4)


def test_a_list_that_can_be_read_in_two_ways_is_refused_where_nothing_decides(tmp_path: Path) -> None:
    found = labels(tmp_path, "3 musketeers\n5 star\n7 up\n")
    with pytest.raises(LabelsError) as caught:
        found.unbounded()
    assert str(caught.value) == (
        "the labels are ambiguous: each line begins with a number (3, 5, 7), which may be the class or a part of the "
        'label; write `3: musketeers` if it is the class, else the labels as a JSON list, `["3 musketeers", ...]`'
    )
    assert found.fitted(3, "").names == ("3 musketeers", "5 star", "7 up")


def test_control_characters_never_leave_a_list(tmp_path: Path) -> None:
    hostile = "\x1b[31mred\nb\u202ea\n"
    found = labels(tmp_path, hostile).unbounded().names
    assert found == ("\\x1b[31mred", "b\\u202ea")
    assert labels_from_text(hostile) == found
    with pytest.raises(ModelError) as caught:
        labels(tmp_path, '{"\x1b": "a"}', "labels.json")
    assert str(caught.value).isprintable()
    with pytest.raises(ModelError) as caught:
        labels(tmp_path, "0 a\n1 b\n2 c\n\x1b[2J\n")
    assert str(caught.value).isprintable()


def test_differences_from_the_labels_of_the_model_are_named() -> None:
    packed = ("person", "bicycle", "???", "traffic light", "bus")
    assert differences(("Person", "bicycle", "motor", "Traffic_Light", "bus"), packed) == ""
    assert differences(("person", "car", "x", "traffic light", "bus"), packed) == (
        "class 1 is car in one and bicycle in the other"
    )
    assert differences(("bicycle", "car", "x", "bus"), packed) == (
        "class 0 is bicycle in one and person in the other, class 1 is car in one and bicycle in the other, class 3 is "
        "bus in one and traffic light in the other, there are 4 here and 5 in the model"
    )
    assert differences(tuple("abcde"), tuple("bcdef")) == (
        "class 0 is a in one and b in the other, class 1 is b in one and c in the other, 5 of 5 differ"
    )


def test_the_lines_of_a_vocabulary_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("[PAD]\n0\n1 a\n\n##s\n")
    assert read_lines(path) == ("[PAD]", "0", "1 a", "##s")
    path.write_text("\n")
    with pytest.raises(ModelError, match="the file is empty; it must have one entry per line"):
        read_lines(path)


def packed(**files: str) -> bytes:
    buffer = io.BytesIO(b"")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return b"the model" + buffer.getvalue()


def test_labels_are_found_in_a_model_file() -> None:
    assert packed_labels(packed_texts(packed(labels_txt="cat\ndog", readme_md="hello"))) == ("cat", "dog")


def test_other_texts_are_no_labels() -> None:
    assert packed_labels(packed_texts(packed(README_txt="hello\nyou", labels_json='["cat"]'))) == ("cat",)
    assert packed_labels(packed_texts(packed(LICENSE_txt="hello\nyou"))) == ()


def test_the_label_file_named_by_the_metadata_is_used() -> None:
    content = packed(a_txt="cat\ndog", b_txt="car\nbus")
    assert packed_labels(packed_texts(content), ["missing.txt", "b.txt"]) == ("car", "bus")
    assert packed_labels(packed_texts(content)) == ()


@pytest.mark.parametrize("name", ["temp_txt", "metadata_json"])
def test_labels_are_found_in_ultralytics_metadata(name: str) -> None:
    text = str({"author": "Ultralytics", "imgsz": [640, 640], "names": {0: "person", 1: "driver's car"}})
    assert packed_labels(packed_texts(packed(**{name: text}))) == ("person", "driver's car")
    assert packed_labels(packed_texts(packed(**{name: str({"author": "somebody"})}))) == ()


@pytest.mark.parametrize("content", [b"", b"no zip", packed(labels_txt="cat" * 99)[:-30]])
def test_a_file_that_is_not_a_zip_has_no_labels(content: bytes) -> None:
    assert packed_labels(packed_texts(content)) == ()


def test_a_damaged_or_huge_zip_has_no_labels() -> None:
    content = bytearray(packed(labels_txt="cat\ndog\n" * 50))
    content[60:70] = bytes(10)
    assert packed_labels(packed_texts(bytes(content))) == ()
    assert packed_labels(packed_texts(packed(labels_txt="x" * (MAX_BYTES + 1)))) == ()
