"""Lists of labels with one row per label: plain, numbered, or a table with a heading."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from .reading import Reading

_EXPLICIT = r"(?:\s*[-=]>\s*|\s*[:;,=|\t)]\s*|\]\s*|\.\s+|\s+-\s+|\s{2,})"
_NUMBERED = re.compile(rf"[\[(#]?(\d{{1,6}})(?:\.0+)?(?:({_EXPLICIT})|\s)(\S.*)")
_REVERSED = re.compile(r"(.*\S)\s*[:;,=|\t]\s*(\d{1,6})(?:\.0+)?")
_REVERSED_BY_SPACE = re.compile(r"(.*\S)\s+(\d{1,6})")
_SYNSET = re.compile(r"n\d{8}[\s,_-]+(\S.*)")
_FREEBASE = re.compile(r"/[a-z]/\w{2,12}[\s,]+(\S.*)")
_COLOUR_MAP = re.compile(r"#\s*label:color_rgb.*")  # the heading of the label maps of CVAT
_AFTER_COLOUR = re.compile(r"\d{1,3}[\s,]+\d{1,3}[\s,]+\d{1,3}[\s,]+(\D.*)")  # red, green and blue
_BEFORE_COLOUR = re.compile(r"(\D.*?)[\s,:]+\d{1,3}[\s,]+\d{1,3}[\s,]+\d{1,3}")
_BOX = re.compile(r"\d+(?:\s+-?\d*\.\d+){4,}")
_PICTURE = re.compile(r".*\.(?:jpe?g|png|bmp|webp|tiff?)(?:[\s,;\t].*)?", re.I)
_SETTING = re.compile(r"\[\w+\]|[A-Za-z_]\w*\s*=\s*\S.*")  # of a program, such as those of Darknet
_COMMENT = re.compile(r"#\s.*|#|//.*")
_FEWEST_COUNTED = 3  # rows whose numbers cannot count by chance
_QUOTED = re.compile(r"""(["'])(.*)\1,?""")
_HEADINGS = ("label", "labels", "name", "names", "class", "classes", "class_name", "classname", "labelname")
_NAME_COLUMNS = ("display_name", "displayname", "class_name", "classname", "label_name", "labelname", "category_name",
                 "name", "label", "labels", "category", "title", "description", "class")  # fmt: skip
_NUMBER_COLUMNS = ("class_id", "classid", "class_index", "label_id", "labelid", "category_id", "id", "index", "idx",
                   "number", "class_number", "class", "label", "")  # fmt: skip
_SEPARATORS = (",", ";", "\t")
_SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
_ERROR_PAGE = re.compile(
    r"Not Found|\d{3}:? (Not Found|Forbidden|Bad Gateway|Service Unavailable|Too Many Requests).?", re.I
)


class _Row(NamedTuple):
    line: int
    text: str


def lines(text: str) -> list[str]:
    """Return the lines of a text; unlike ``splitlines``, only at line ends, not at other control characters."""
    return re.split(r"\r\n|\n|\r", text)


def row_readings(text: str) -> tuple[Reading, ...]:
    """Return the ways to read rows of text, the most likely first.

    Raises:
        ValueError: when the rows contradict each other, with a sentence about them.
    """
    rows = [_Row(number, line.strip()) for number, line in enumerate(lines(text), 1)]
    kept = [row for row in rows if row.text]
    if kept and all(_BOX.fullmatch(row.text) for row in kept):
        raise ValueError("it has the boxes of a picture, not labels; the names of the classes are in another file")
    if len(kept) > 1 and all(_PICTURE.fullmatch(row.text) for row in kept[1:]):
        raise ValueError("it names pictures, not classes; those are in another file")
    if len(kept) > 1 and _COLOUR_MAP.fullmatch(kept[0].text):
        names = [row.text.partition(":")[0] for row in kept[1:]]
        return (Reading.of_rows(names, "a label map with colours"),)
    for place, pattern in (("after", _AFTER_COLOUR), ("before", _BEFORE_COLOUR)):
        coloured = [pattern.fullmatch(row.text) for row in kept]
        if len(kept) > 1 and all(coloured):
            return (
                Reading.of_rows([match[1] for match in coloured if match], f"one label per line {place} its color"),
            )
    if len(kept) == 1:
        return _single(kept[0].text)
    listed = _without_heading(kept)
    if len(listed) < len(kept):
        # Only the number of classes could show that these lines are labels, too.
        below = row_readings("\n".join(row.text for row in listed))
        note = f", after a heading: {kept[0].text[:40]}"
        return (*(replace(reading, form=reading.form + note) for reading in below), *_plain(rows, kept))
    if found := _table(kept):
        return (found,)
    if all(row.text.endswith(",") for row in kept[:-1]):  # a list cut out of a program
        rows = [row._replace(text=row.text.removesuffix(",").rstrip()) for row in rows]
        kept = [row for row in rows if row.text]
    if found_numbered := _numbered(kept):
        return found_numbered
    return tuple(_plain(rows, kept))


def _without_heading(kept: Sequence[_Row]) -> Sequence[_Row]:
    """Return rows without the comments, and the number of labels, that they begin with."""
    listed = list(itertools.dropwhile(lambda row: _COMMENT.fullmatch(row.text), kept))
    if (
        len(listed) > 1
        and listed[0].text == str(len(listed) - 1)
        and not any(row.text.isdecimal() for row in listed[1:])
    ):
        listed = listed[1:]
    return listed or kept


def _single(row: str) -> tuple[Reading, ...]:
    if _ERROR_PAGE.fullmatch(row):
        raise ValueError(f"it is no list of labels but the error page of a download: {row}; download it again")
    whole = Reading.of_rows([row], "one label, on its only line")
    numbered = _NUMBERED.fullmatch(row)
    if numbered and int(numbered[1]) == 0:
        return (Reading.of_numbers({0: numbered[3]}, "a number and a label per line"), whole)
    if mark := next((mark for mark in _SEPARATORS if mark in row), ""):
        parts = [part.strip() for part in _cells(_Row(1, row), mark)]
        form = f"one line, split at its {_SEPARATOR_NAMES[mark]}"
        return (Reading.of_rows([part for part in parts if part], form), whole)
    words = row.split()
    return (whole, Reading.of_rows(words, "one line, split at its spaces")) if len(words) > 1 else (whole,)


def _plain(rows: Sequence[_Row], kept: Sequence[_Row]) -> Iterator[Reading]:
    texts = [row.text for row in kept]
    for form, found in (
        ("one label per line after its WordNet number", [_SYNSET.fullmatch(text) for text in texts]),
        ("one label per line after its Freebase number", [_FREEBASE.fullmatch(text) for text in texts]),
        ("one label per line after a dash or dot", [re.fullmatch(r"[-*\u2022]\s+(\S.*)", text) for text in texts]),
        ("one quoted label per line", [_QUOTED.fullmatch(text) for text in texts]),
    ):
        if texts and all(found):
            yield Reading.of_rows([match[match.lastindex or 0].strip() for match in found if match], form)
            return
    if len(texts) > 1 and "=" in texts[-1] and all(_SETTING.fullmatch(text) for text in texts):
        raise ValueError(f"it has settings, such as {texts[0][:40]!r}, not classes; those are in another file")
    if texts and texts[0].casefold().removesuffix(":") in _HEADINGS:
        yield Reading.of_rows(texts[1:], f"one label per line after the heading {texts[0]}")
        yield Reading.of_rows(texts, "one label per line")
        return
    inner = [row.text for row in rows[: kept[-1].line]] if kept else []
    blank = len(inner) - len(texts)
    note = "" if not blank else f", without {blank} blank line{'s' * (blank > 1)}"
    yield Reading.of_rows(texts, f"one label per line{note}")
    if blank:
        yield Reading.of_rows(inner, "one label per line, blank lines for unused numbers")


def _numbered(kept: Sequence[_Row]) -> tuple[Reading, ...]:
    """Return the readings of rows with a number each: before the label, or after it."""
    matches = [_NUMBERED.fullmatch(row.text) for row in kept]
    if kept and matches[0] is None and all(matches[1:]) and _is_heading(kept[0].text):
        kept, matches = kept[1:], matches[1:]
    found = [(row, int(match[1]), match[3], bool(match[2])) for row, match in zip(kept, matches, strict=True) if match]
    if len(found) < len(kept):
        _check_mixture(kept, found)
        return _reversed(kept)
    numbers, labels = [number for _, number, _, _ in found], [label for _, _, label, _ in found]
    rising = all(before < after for before, after in zip(numbers, numbers[1:], strict=False))
    counted = (rising and numbers[0] in (0, 1)) or _is_shuffled(numbers)
    are_names = len({_stem(label) for label in labels}) * 2 <= len(labels)
    plain = Reading.of_rows([row.text for row in kept], "one label per line")
    if all(explicit for *_, explicit in found):
        reading = Reading.of_numbers(_by_number((row.line, n, label) for row, n, label, _ in found), _FORM)
        return (reading, plain) if counted else (reading,)
    if counted and are_names:
        form = "one label per line, numbers included, without which they would be the same"
        return (
            Reading.of_rows([row.text for row in kept], form),
            Reading.of_numbers(dict(zip(numbers, labels, strict=True)), _FORM),
        )
    if counted and (min(numbers) == 0 or len(set(labels)) == len(labels)):
        return (Reading.of_numbers(dict(zip(numbers, labels, strict=True)), _FORM), plain)
    doubt = (
        f"each line begins with a number ({', '.join(map(str, numbers[:3]))}{', ...' if len(numbers) > 3 else ''}), "
        f"which may be the class or a part of the label; write `{numbers[0]}: {labels[0]}` if it is the class, else "
        f'the labels as a JSON list, `["{kept[0].text}", ...]`'
    )
    if not rising or len(set(labels)) < len(labels):
        return (Reading.of_rows([row.text for row in kept], "one label per line", "" if not rising else doubt),)
    numbered = Reading.of_numbers(dict(zip(numbers, labels, strict=True)), _FORM, doubt=doubt)
    return (Reading.of_rows([row.text for row in kept], "one label per line", doubt), numbered)


def _is_shuffled(numbers: Sequence[int]) -> bool:
    """Return whether numbers are those from 0 or 1 on, each of them once, in another order."""
    if len(numbers) < _FEWEST_COUNTED or sorted(numbers) == list(numbers):
        return False
    return sorted(numbers) in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))


def _stem(label: str) -> str:
    """Return a label without letter case and the ``s`` of a plural."""
    return label.casefold().removesuffix("s")


_FORM = "a number and a label per line"


def _is_heading(text: str) -> bool:
    words = re.split(r"[\s,;]+", text.casefold())
    return text.startswith("#") or all(word in (*_NAME_COLUMNS, *_NUMBER_COLUMNS) for word in words)


def _check_mixture(kept: Sequence[_Row], found: Sequence[tuple[_Row, int, str, bool]]) -> None:
    """Raise if nearly all rows count from 0 or 1, and some have no number."""
    numbers = [number for _, number, _, _ in found]
    counts = len(found) > 2 and numbers[0] in (0, 1) and sorted(set(numbers)) == numbers
    if counts and len(found) * 2 > len(kept):
        lines = {row.line for row, *_ in found}
        odd = next(row for row in kept if row.line not in lines)
        raise ValueError(f"line {odd.line} has no number, unlike most others: {odd.text[:40]!r}")


def _reversed(kept: Sequence[_Row]) -> tuple[Reading, ...]:
    matches = [_REVERSED.fullmatch(row.text) for row in kept]
    if not all(matches):
        matches = [_REVERSED_BY_SPACE.fullmatch(row.text) for row in kept]
        found = [int(match[2]) for match in matches if match]
        if found != list(range(len(kept))) and not _is_shuffled(found):
            return ()
    numbers = [int(match[2]) for match in matches if match]
    if len(numbers) < len(kept) or sorted(numbers) not in (list(range(len(kept))), list(range(1, len(kept) + 1))):
        return ()
    labels = [match[1] for match in matches if match]
    if len(set(labels)) < len(labels):
        return ()
    names = dict(zip(numbers, labels, strict=True))
    return (Reading.of_numbers(names, "a label and a number per line"),)


def _by_number(rows: Iterator[tuple[int, int, str]]) -> dict[int, str]:
    names: dict[int, str] = {}
    for line, number, label in rows:
        if number in names:
            raise ValueError(f"line {line} has the number {number}, which another line has too")
        names[number] = _QUOTED.sub(r"\2", label)
    return names


def _table(kept: Sequence[_Row]) -> Reading | None:
    """Return the reading of a table with a heading, ``None`` if the rows are none."""
    separator = next((mark for mark in _SEPARATORS if kept and mark in kept[0].text), None)
    if separator is None:
        return None
    heading = [cell.strip().casefold().replace(" ", "_") for cell in _cells(kept[0], separator)]
    name = next((heading.index(word) for word in _NAME_COLUMNS if word in heading), None)
    if name is None or len(heading) < 2:
        return None
    rows = []
    for row in kept[1:]:
        line, cells = row.line, _cells(row, separator)
        if len(cells) > len(heading) and name == len(heading) - 1:  # a label with commas but without quotes
            cells = row.text.split(separator, name)
        if len(cells) != len(heading):
            raise ValueError(f"line {line} has {len(cells)} columns, its heading {len(heading)}: {kept[0].text[:60]}")
        rows.append((line, cells))
    if not rows:
        return None
    number = next(
        (
            heading.index(word)
            for word in _NUMBER_COLUMNS
            if word in heading and heading.index(word) != name and rows[0][1][heading.index(word)].strip().isdigit()
        ),
        None,
    )
    form = f"a table with the labels in its column {heading[name][:40]}"
    if number is None:
        return Reading.of_rows([cells[name].strip() for _, cells in rows], form)
    for line, cells in rows:
        if not re.fullmatch(r"[0-9]{1,6}", cells[number].strip()):
            raise ValueError(f"line {line}: {heading[number] or 'its first column'} must be a number, got "
                             f"{cells[number][:40]!r}")  # fmt: skip
    numbered = ((line, int(cells[number]), cells[name].strip()) for line, cells in rows)
    return Reading.of_numbers(_by_number(numbered), f"{form} and numbers in {heading[number] or 'the first'}")


def _cells(row: _Row, separator: str) -> list[str]:
    try:
        return next(iter(csv.reader([row.text], delimiter=separator, skipinitialspace=True)), [""])
    except csv.Error as error:
        raise ValueError(f"line {row.line}: {error}") from None
