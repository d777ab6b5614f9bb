"""Labels of the class numbers of a model: from a file, or packed in the model file."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cameras import one_line

from .files import LabelsError, ModelError
from .label_forms import IN_A_ROW, UNUSED, WITH_GAPS, Reading, labels_of_literal, literal, readings

MAX_BYTES = 16 * 1024 * 1024  # far above any real list (21,843 ImageNet names: 0.8 MB), far below a zip bomb
MODEL_FILE = "the model file"
"""Origin of labels packed in the model."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # what PowerShell and Notepad write before it
_MAX_FILES = 100  # of an archive
_OTHER_TEXTS = re.compile(r"(?:.*/)?(?:read_?me|licen[cs]e|notice|copying)\b", re.I)  # packed files without labels
_VOID = 255  # marks pixels that no class is given to
_PLAIN = ("one label per line", "one label per class")
_MOST_SHOWN = 3  # differences in a warning


@dataclass(frozen=True)
class FittedLabels:
    """The labels of the classes of a model.

    Attributes:
        names: Label by class number; ``???`` where the list has none.
        origin: Where they come from: the file's name, ``MODEL_FILE``; empty if there are none.
        because: How the list was read, and how it fits the model.
    """

    names: tuple[str, ...] = ()
    origin: str = ""
    because: str = ""


@dataclass(frozen=True)
class Labels:
    """A list of labels before it is known how many classes the model has; false if there are none.

    Attributes:
        origin: Where it comes from, for messages.
        readings: The ways to read it, the most likely first.
    """

    origin: str = ""
    readings: tuple[Reading, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str], origin: str = "") -> Labels:
        """Return the list of given labels, by class number."""
        return cls(origin, (Reading.of_rows(names, "one label per class"),)) if names else cls(origin)

    def __bool__(self) -> bool:
        return bool(self.readings)

    def __len__(self) -> int:
        """Return the number of labels of the most likely reading."""
        return len(self.readings[0].listed(self.readings[0].first)) if self.readings else 0

    def fits(self, classes: int, *, with_background: bool = False) -> bool:
        """Return whether the labels are those of so many classes; without labels, any number."""
        return not self.readings or any(
            reading.fitted(classes, with_background=with_background) for reading in self.readings
        )

    def fitted(self, classes: int, gives: str, *, with_background: bool = False) -> FittedLabels:
        """Return the labels of a model with a known number of classes.

        Args:
            classes: The number of classes; with the background, if the model has one.
            gives: What has so many, for the error: ``the classifier gives 3 scores``.
            with_background: Whether class 0 is the background.

        Raises:
            LabelsError: when there are more or fewer labels than classes.
        """
        if not self.readings:
            return FittedLabels()
        for reading in self.readings:
            if found := reading.fitted(classes, with_background=with_background):
                return self._result(reading, *found)
        form = "" if self.readings[0].form in _PLAIN else f" ({one_line(self.readings[0].form)})"
        remedy = "; set label_path" if self.origin == MODEL_FILE else ""
        raise LabelsError(f"there are {len(self)} labels{form} but {gives}{remedy}")

    def unbounded(self, first: int | None = 0) -> FittedLabels:
        """Return the labels of a model that does not state its number of classes, such as a detector of finished boxes.

        Args:
            first: The number that the model gives its first class that is not the background: 0, or 1 where 0 is the
                background. ``None`` if it numbers the background like any other class.

        Raises:
            LabelsError: when the list can be read in two ways.
        """
        if not self.readings:
            return FittedLabels()
        reading = self.readings[0]
        if reading.doubt:
            raise LabelsError(f"the labels are ambiguous: {one_line(reading.doubt)}")
        return self._result(reading, *reading.unbounded(first))

    def of_rows(self, highest: Callable[[], int], *, has_gaps: bool | None) -> FittedLabels:
        """Return the labels of a detector of finished boxes, which does not state its number of classes.

        Args:
            highest: Returns the highest class of a trial run, counted from the first one, 0.
            has_gaps: Whether such models number the classes of COCO with its gaps, or in a row; ``None`` if unknown.

        Raises:
            LabelsError: when the list can be read in two ways, or has the classes of COCO by the other numbers.
        """
        coco = self.readings[0].coco if self.readings else ()
        if not coco:
            return self.unbounded()
        is_shown = highest() >= IN_A_ROW
        if (is_shown or has_gaps) in (None, len(coco) == WITH_GAPS):
            return self.unbounded()
        reading = self.readings[0]
        if is_shown:
            other = reading.with_other_numbers()
            return self._result(other, *other.unbounded(0))
        if has_gaps and (reading.has_numbers or reading.has_background):
            return self.unbounded()  # it states the number of each label
        numbers = "1 to 90, with gaps" if has_gaps else "0 to 79, without gaps"
        remedy = ", or number its lines if this one does not, the first one `1: person`" if has_gaps else ""
        raise LabelsError(
            f"there are {len(coco)} labels of COCO, but such models number its 80 classes {numbers}: use the list with "
            f"{WITH_GAPS if has_gaps else IN_A_ROW}{remedy}"
        )

    def by_number(self, highest: int) -> FittedLabels:
        """Return the labels of a model that gives nothing but class numbers, among them that of the background, if any.

        Args:
            highest: The highest class number that the model is known to give.

        Raises:
            LabelsError: when the list can be read in two ways, or may have left out the background, number 0.
        """
        if not self.readings:
            return FittedLabels()
        reading, count = self.readings[0], len(self)
        if highest == count and not reading.has_background:
            return self.fitted(count + 1, f"the model gives class {highest}", with_background=True)
        is_stated = reading.lists_background or reading.has_numbers or self.origin == MODEL_FILE
        if is_stated or reading.is_cityscapes:
            found = self.unbounded(1 if reading.first == 1 else None)
            if len(found.names) <= highest != _VOID:
                raise LabelsError(f"there are {count} labels but the segmenter gives class {highest}")
            return found
        if reading.is_voc:
            return self._result(reading, *reading.unbounded(1), "segmenters for Pascal VOC give the background 0")
        first = one_line(reading.names[0])
        raise LabelsError(
            f"nothing shows whether class 0 is {first} or the background, which the {count} labels may leave out: "
            f"begin the list with a line `background`, or number its lines, the first one `0: {first}`"
        )

    def aligned(self, classes: int) -> tuple[str, ...]:
        """Return the labels as they fit a number of classes, else as they are listed from class 0 on."""
        found = next(filter(None, (reading.fitted(classes) for reading in self.readings)), None)
        return found[0] if found else self.unbounded().names

    def _result(self, reading: Reading, names: Sequence[str], *why: str) -> FittedLabels:
        because = "; ".join(filter(None, (reading.form, *why)))
        return FittedLabels(tuple(one_line(name) for name in names), self.origin, one_line(because))


def differences(labels: Sequence[str], packed: Sequence[str]) -> str:
    """Return how labels differ from those packed in the model, in a few words; empty if they do not.

    Letter case and unused class numbers do not count.
    """
    pairs = [(number, own, theirs) for number, (own, theirs) in enumerate(zip(labels, packed, strict=False))]
    other = [
        (number, own, theirs)
        for number, own, theirs in pairs
        if UNUSED not in (own, theirs) and _plain(own) != _plain(theirs)
    ]
    shown = [f"class {number} is {own} in one and {theirs} in the other" for number, own, theirs in other]
    if len(other) > _MOST_SHOWN:
        shown = [*shown[: _MOST_SHOWN - 1], f"{len(other)} of {len(pairs)} differ"]
    if len(labels) != len(packed):
        shown.append(f"there are {len(labels)} here and {len(packed)} in the model")
    return ", ".join(shown)


def _plain(label: str) -> str:
    return "".join(letter for letter in label.casefold() if letter.isalnum())


def read_labels(path: Path) -> Labels:
    """Return the labels of a file.

    Raises:
        ModelError: when the file cannot be read, is not text, or is no list of labels.
    """
    text = _text(path)
    try:
        found = readings(text, path.name)
    except ValueError as error:
        raise ModelError(f"{path}: not a list of labels: {one_line(str(error))}") from error
    except RecursionError as error:
        raise ModelError(f"{path}: not a list of labels: it is nested too deep") from error
    if not found or not found[0].names:
        raise ModelError(f"{path}: the labels file is empty; it must have one label per line")
    return Labels(path.name, found)


def read_lines(path: Path) -> tuple[str, ...]:
    """Return the lines of a text file without blank ones, such as the vocabulary of a tokenizer.

    Raises:
        ModelError: when the file cannot be read, is not text, or is empty.
    """
    lines = [line.strip() for line in _text(path).splitlines()]
    found = tuple(one_line(line) for line in lines if line)
    if not found:
        raise ModelError(f"{path}: the file is empty; it must have one entry per line")
    return found


def _text(path: Path) -> str:
    try:
        if not path.is_file() and path.exists() and not path.is_dir():
            raise ModelError(f"{path}: the labels file is not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: too large for a list of labels, got {path.stat().st_size} bytes")
        data = path.read_bytes()
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such labels file") from error
    except OSError as error:
        raise ModelError(f"{path}: the labels file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{path}: the labels file is not UTF-8 text (byte {error.object[error.start]:#04x} at {error.start}); "
            "save it as UTF-8"
        ) from error


def packed_texts(content: bytes) -> dict[str, str]:
    """Return the text and JSON files in the zip archive appended to a model file, by name."""
    texts: dict[str, str] = {}
    with contextlib.suppress(Exception):  # on damage zipfile raises almost anything, including IndexError
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist()[:_MAX_FILES]:
                is_text = info.filename.lower().endswith((".txt", ".json")) and info.file_size <= MAX_BYTES
                if is_text and sum(map(len, texts.values())) <= MAX_BYTES:
                    with contextlib.suppress(Exception):
                        texts[info.filename] = archive.read(info).decode("utf-8-sig")
    return texts


def packed_labels(texts: Mapping[str, str], named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the labels packed in a model file; empty if there are none.

    Args:
        texts: The packed texts by file name.
        named: Names of the label files in the model's metadata, most likely first. If there are none of them, the only
            text file is used, else the only JSON file.
    """
    lists = [name for name in texts if not _OTHER_TEXTS.match(name)]
    endings = [[name for name in lists if name.lower().endswith(ending)] for ending in (".txt", ".json")]
    only = next((names[0] for names in endings if len(names) == 1), None)
    chosen = next((name for name in named if name in texts), only)
    return labels_from_text(texts[chosen]) if chosen is not None else ()


def labels_from_text(text: str) -> tuple[str, ...]:
    """Return the labels by class number in a text packed in a model file; empty if it has none.

    It is a list, a dictionary literal such as ``{0: 'person', 1: 'bicycle'}``, which may be under ``names``, or has one
    label per line.
    """
    if text.lstrip()[:1] in ("{", "["):
        return tuple(map(one_line, labels_of_literal(literal(text))))
    try:
        found = readings(text)
    except ValueError:
        return ()
    return tuple(map(one_line, found[0].listed(0))) if found and found[0].names else ()
