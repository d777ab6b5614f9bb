"""Hiding the secrets of a configuration's text from its editor, and putting them back."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..nodes import AliasSpan, ConfigError, ListSpan, MappingSpan, ScalarSpan, Span, path_text, read_spans
from .comparing import entries_of
from .edits import Edit, edited
from .hiding import DOTS, Label, Part, destination, hidden, is_secret_key, secret_parts
from .lines import hidden_line, hidden_lines
from .rendering import rendered

Path = tuple[str | tuple[str] | tuple[int, int], ...]
"""Keys; of items of lists, their name, or their index with the number of items."""

_MARK = "\ufeff"
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\r\n]*")
_PLAIN_KEY = re.compile(r"[\w.\- ]{1,60}")
_HOST_KEYS = frozenset({"url", "urls", "uri", "host", "address", "endpoint", "broker"})
_WHOLE: Label = ("value",)


@dataclass(frozen=True)
class _Value:
    """A value that has secrets, or dots.

    Attributes:
        path: Where it is.
        span: Its place in the text.
        flow: Whether it is inside brackets.
        indent: How far its line is indented.
        parts: Its secret parts, as indices of the text; one for all with its quotes is labelled ``_WHOLE``.
        sources: The text of each part.
        destination: The hosts that the secrets are for, as far as the configuration tells.
    """

    path: Path
    span: ScalarSpan
    flow: bool
    indent: int
    parts: tuple[Part, ...]
    sources: dict[Label, str]
    destination: tuple[str, ...]

    @cached_property
    def labels(self) -> set[Label]:
        """The parts that are dots."""
        return {label for label, source in self.sources.items() if source.strip("\"'") == DOTS}


class UnknownSecret(ValueError):
    """Dots that stand for no secret, or may stand for several.

    Attributes:
        line: Where the value or comment with the dots begins, from 1.
        column: Likewise, from 1.
        path: The value, such as ``cameras.door.attributes.password``; empty for a comment.
        reason: What is wrong, without the place.
    """

    def __init__(self, line: int, column: int, path: str, reason: str) -> None:
        self.line, self.column, self.path = line, column, path
        self.reason = f"{reason}; type it again"
        super().__init__(f"line {line}: {path}: {self.reason}" if path else f"line {line}: {self.reason}")


def without_secrets(text: str, *, json: bool = False) -> str:
    """Return a configuration's text with dots instead of passwords, tokens and secrets in URLs.

    Placeholders such as ``${NAME}`` stay, but their defaults are hidden where a secret is expected. Comments are
    treated alike. A text that cannot be read is hidden line by line: what may be secret is.

    Args:
        text: The text, YAML or JSON.
        json: Whether it is JSON.
    """
    mark, text = _without_mark(text)
    try:
        document = _Document(text, json)
        shown = edited(text, [*document.hidden_values(), *document.hidden_comments()])
        is_readable = not document.has_secret_keys and read_spans(shown, is_json=json) is not None
    except ConfigError:
        is_readable = False
    if not is_readable:
        shown = "".join(line for line, _ in hidden_lines(text))
    return mark + shown


def with_secrets(text: str, before: str, *, json: bool = False) -> str:
    """Return a text from :func:`without_secrets`, perhaps edited, with the secrets where dots still are.

    A secret is found by the path of its value, with the names of cameras, services and tokens instead of positions. If
    the name is new, it is found if there is one whose place is gone. It only goes to the host that it was for.

    Args:
        text: The text with dots. If it cannot be read, it is returned as it is.
        before: The text with the secrets.
        json: Whether both are JSON.

    Raises:
        UnknownSecret: Some dots stand for no secret, or for one of several, or the host is another one. The message
            says where, and contains no secret.
    """
    if DOTS not in text:
        return text
    mark, text = _without_mark(text)
    _, before = _without_mark(before)
    try:
        new = _Document(text, json)
    except ConfigError:
        return mark + text
    try:
        old = _Document(before, json)
        is_by_line = old.has_secret_keys
    except ConfigError:
        is_by_line = True
    if is_by_line:
        return mark + _with_lines(text, before)
    return mark + edited(text, [*_Restorer(new, old, json).edits(), *_with_comments(new, old)])


# An item of a list in a comment: after a dash, or a single word.
_ITEM = re.compile(r"\A(\s*-\s+|\s*(?=\S+\s*\Z))\S.*?(?=\s*\Z)", re.DOTALL)


class _Document:
    """The secrets and comments of one text.

    Attributes:
        text: The text.
        values: Its values that have secrets or dots, in the order of the text.
        paths: The paths of all values.
        has_secret_keys: Whether a key has a secret.
        comments: Where the lines of each comment begin and end, without the ``#``.

    Raises:
        ConfigError: The text cannot be read.
    """

    def __init__(self, text: str, json: bool) -> None:
        self.text = text
        self.values: list[_Value] = []
        self.paths: set[Path] = set()
        self.has_secret_keys = False
        self._json = json
        self._spans: list[tuple[int, int]] = []
        self._lists: list[tuple[int, int, int]] = []  # where the items of secret keys stand, and the least column
        self._secret: set[int] = set()  # ids of spans that a secret is an alias of
        root = read_spans(text, is_json=json)
        if root is not None:
            self._find_aliases(root, ())
            self._walk(root, (), (), False, ())
        self.comments = [] if json else list(self._comments())

    def hidden_values(self) -> Iterator[Edit]:
        """Yield the edits that hide the secrets of values."""
        for value in self.values:
            for part in value.parts:
                dots = f'"{DOTS}"' if part.label == _WHOLE and self._json else DOTS
                yield Edit(part.start, part.end, dots)

    def hidden_comments(self) -> Iterator[Edit]:
        """Yield the edits that hide the secrets of comments."""
        for lines in self.comments:
            text = "\n".join(self.text[start:end] for start, end in lines)
            for (start, end), (shown, line) in zip(lines, hidden_lines(text, is_prose=True), strict=False):
                column = self._column(start - 1)
                if shown == line and any(
                    begin <= start < last and column >= least for begin, last, least in self._lists
                ):
                    shown = _ITEM.sub(rf"\1{DOTS}", line)
                if shown != line:
                    yield Edit(start, end, shown.removesuffix("\n"))

    def _is_in_list(self, start: int) -> bool:
        """Return whether a comment stands among the items of a secret key."""
        column = self._column(start - 1)
        return any(begin <= start < last and column >= least for begin, last, least in self._lists)

    def _column(self, index: int) -> int:
        return index - (self.text.rfind("\n", 0, index) + 1)

    def _find_aliases(self, span: Span, keys: tuple[str, ...]) -> None:
        if isinstance(span, AliasSpan):
            if keys and is_secret_key(keys[-1], keys[:-1]):
                self._secret.add(id(span.target))
        elif isinstance(span, ListSpan):
            for item in span.items:
                self._find_aliases(item, keys)
        elif isinstance(span, MappingSpan):
            for key, each in span.entries:
                self._find_aliases(each, (*keys, key.text))

    def _walk(
        self, span: Span, path: Path, keys: tuple[str, ...], flow: bool, hosts: tuple[str, ...], *, secret: bool = False
    ) -> None:
        secret = secret or id(span) in self._secret
        if isinstance(span, ScalarSpan):
            self._spans.append(self._covered(span))
            self.paths.add(path)
            secret = secret or bool(keys and is_secret_key(keys[-1], keys[:-1]))
            parts = self._parts(span, secret)
            if parts or DOTS in span.text:
                line = self.text[self.text.rfind("\n", 0, span.start) + 1 : span.start]
                sources = {part.label: self.text[part.start : part.end] for part in parts}
                own = None if secret else self._host(span)
                self.values.append(
                    _Value(path, span, flow, len(line) - len(line.lstrip()), parts, sources, (own,) if own else hosts)
                )
        elif isinstance(span, ListSpan):
            for index, item in enumerate(span.items):
                name = _name(item)
                step = (name,) if name is not None else (index, len(span.items))
                self._walk(item, (*path, step), keys, span.flow, hosts, secret=secret)
        elif isinstance(span, MappingSpan):
            # The tokens of our own server go nowhere.
            hosts = hosts if path == ("server",) else self._hosts(span) or hosts
            names: Counter[str] = Counter()
            starts = [*(key.start for key, _ in span.entries), len(self.text)]
            for (key, each), end in zip(span.entries, starts[1:], strict=True):
                if isinstance(each, ListSpan) and is_secret_key(key.text, keys):
                    least = 0 if each.flow else self._column(key.start)
                    self._lists.append((key.end, each.end if each.flow else end, least))
                names[key.text] += 1
                name = key.text if names[key.text] == 1 else f"{key.text} ({names[key.text]})"
                self._spans.append((key.start, key.end))
                self.has_secret_keys = self.has_secret_keys or _has_secret(key.text)
                self._walk(each, (*path, name), (*keys, key.text), span.flow, hosts, secret=secret)

    def _parts(self, span: ScalarSpan, secret: bool) -> tuple[Part, ...]:
        """Return the secret parts of a value as indices of the text."""
        whole = (Part(span.start, span.end, _WHOLE),)
        if span.text == DOTS:
            return whole
        parts = secret_parts(span.text, is_secret=secret)
        if not parts or (secret and span.value is None):
            return ()
        begin = span.start + (1 if span.quote else 0)
        is_verbatim = span.quote not in ("|", ">") and self.text.startswith(span.text, begin)
        if not is_verbatim or begin + len(span.text) != span.end - (1 if span.quote else 0):
            return whole
        if secret and (parts[0].start, parts[0].end) == (0, len(span.text)):
            return whole
        return tuple(Part(begin + start, begin + end, label) for start, end, label in parts)

    def _host(self, span: ScalarSpan) -> str | None:
        """Return the host of a URL, as far as it is not hidden."""
        parts = self._parts(span, False)
        return DOTS if parts and parts[0].label == _WHOLE else destination(hidden(span.text))

    def _hosts(self, span: MappingSpan) -> tuple[str, ...]:
        """Return the hosts that stand beside other keys."""
        found: list[str] = []
        for key, each in span.entries:
            if key.text in _HOST_KEYS:
                texts = each.items if isinstance(each, ListSpan) else [each]
                found += [self._host(text) or hidden(text.text) for text in texts if isinstance(text, ScalarSpan)]
        return tuple(found)

    def _covered(self, span: ScalarSpan) -> tuple[int, int]:
        """Return the part of a value that cannot have comments: a block of lines can have one in its first line."""
        if span.quote in ("|", ">"):
            first_line = self.text.find("\n", span.start, span.end)
            return (first_line if first_line >= 0 else span.end), span.end
        return span.start, span.end

    def _comments(self) -> Iterator[list[tuple[int, int]]]:
        """Yield the comments, those on consecutive lines together."""
        lines: list[tuple[int, int]] = []
        at = 0
        for start, end in [*sorted(self._spans), (len(self.text), len(self.text))]:
            for found in _COMMENT.finditer(self.text, at, max(at, start)):
                between = self.text[lines[-1][1] : found.start()] if lines else ""
                if lines and (between.strip() or between.count("\n") != 1):
                    yield lines
                    lines = []
                lines.append((found.start() + 1, found.end()))
            at = max(at, end)
        if lines:
            yield lines


class _Restorer:
    """Puts the secrets of one text into another. Use it once."""

    def __init__(self, new: _Document, old: _Document, json: bool) -> None:
        self._new = new
        self._json = json
        self._old: dict[Path, _Value] = {value.path: value for value in old.values}
        self._gone: dict[Path, list[_Value]] = defaultdict(list)  # whose places are gone, by their path without names
        self._all: dict[Path, list[_Value]] = defaultdict(list)
        for value in old.values:
            self._all[_general(value.path)].append(value)
            if value.path not in new.paths:
                self._gone[_general(value.path)].append(value)
        self._wanted: dict[Path, list[_Value]] = defaultdict(list)
        for value in new.values:
            if value.labels and value.path not in self._old:
                self._wanted[_general(value.path)].append(value)

    def edits(self) -> Iterator[Edit]:
        """Yield the edits that replace dots.

        Raises:
            UnknownSecret: Dots stand for no secret.
        """
        for value in self._new.values:
            text = self._new.text[value.span.start : value.span.end]
            if DOTS not in text:
                continue
            if text.count(DOTS) != len(value.labels):
                same = self._old.get(value.path)
                if same is not None and same.span.text == value.span.text:
                    continue  # dots of the file's own
                raise _unknown(value, "the dots are not where a hidden secret was")
            yield from self._restored(value, self._source(value))

    def _source(self, value: _Value) -> _Value:
        """Return the value whose secrets belong where a value has dots."""
        general = _general(value.path)
        same = self._old.get(value.path)
        beside = [same] if same is not None else self._beside(value)
        found = beside or self._gone[general]
        if not beside and value.destination and len(found) != 1:
            # A copy of another entry, or one of several that are gone: only for the same host.
            found = [each for each in self._all[general] if each.destination == value.destination]
        found = [each for each in found if value.labels <= each.sources.keys()]
        if not found:
            raise _unknown(value, "the dots stand for no secret that is known")
        near = [each for each in found if each.destination == value.destination]
        if not near:
            raise _unknown(value, "the hidden secret is for another host")
        if len({tuple(each.sources[label] for label in sorted(value.labels, key=str)) for each in near}) > 1:
            raise _unknown(value, "the dots may stand for one of several secrets")
        if not beside and not value.destination and len(self._wanted[general]) > len(found):
            raise _unknown(value, "the same secret may belong to several values")
        return near[0]

    def _beside(self, value: _Value) -> list[_Value]:
        """Return the old item of a list of secrets, if all of its old items are still there, perhaps with new ones."""
        *above, last = value.path
        if not isinstance(last, tuple) or len(last) != 2:
            return []

        def items(values: list[_Value]) -> list[_Value]:
            return [each for each in values if list(each.path[:-1]) == above]

        new = items([each for each in self._new.values if each.labels])
        old = items(self._all[_general(value.path)])
        return [old[new.index(value)]] if len(new) == len(old) else []

    def _restored(self, value: _Value, source: _Value) -> Iterator[Edit]:
        is_alike = value.flow == source.flow and (source.span.quote not in ("|", ">") or value.indent == source.indent)
        if is_alike and (value.span.quote == source.span.quote or value.labels == {_WHOLE}):
            for part in value.parts:
                if part.label in value.labels:
                    yield Edit(part.start, part.end, source.sources[part.label])
            return
        text = value.span.text
        if value.labels == {_WHOLE}:
            text = source.span.text
            if not source.span.quote and not isinstance(source.span.value, str):
                yield Edit(value.span.start, value.span.end, source.sources[_WHOLE])
                return
        else:
            begin = value.span.start + (1 if value.span.quote else 0)
            inner = [
                Edit(part.start, part.end, source.sources[part.label])
                for part in value.parts
                if part.label in value.labels
            ]
            text = edited(text, inner, begin)
        quote = value.span.quote if value.span.quote in ("'", '"') else ""
        yield Edit(value.span.start, value.span.end, rendered(text, flow=value.flow, is_json=self._json, quote=quote))


def _with_comments(new: _Document, old: _Document) -> Iterator[Edit]:
    """Yield the edits that replace dots in comments: those of the same comments in the old text."""
    shown = {edit.start: edit.new for edit in old.hidden_comments()}
    originals: dict[str, set[str]] = defaultdict(set)
    blocks: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for places in old.comments:
        lines = [old.text[start:end] for start, end in places]
        hidden_ones = [shown.get(start, line) for (start, _), line in zip(places, lines, strict=True)]
        blocks[_stripped(hidden_ones)].add(_stripped(lines))
        for line, hidden_one in zip(lines, hidden_ones, strict=True):
            originals[hidden_one.strip()].add(line.strip())
    for places in new.comments:
        lines = [new.text[start:end] for start, end in places]
        block = blocks.get(_stripped(lines), set())
        whole = next(iter(block)) if len(block) == 1 else None
        for index, ((start, _), line) in enumerate(zip(places, lines, strict=True)):
            if DOTS in line:
                number = new.text.count("\n", 0, start) + 1
                original = whole[index] if whole else _original(line, originals, number)
                lead = line[: len(line) - len(line.lstrip())]
                yield Edit(start, start + len(line.rstrip()), lead + original)


def _stripped(lines: list[str]) -> tuple[str, ...]:
    return tuple(line.strip() for line in lines)


def _with_lines(text: str, before: str) -> str:
    """Return a text with the secrets of lines that a text that could not be read has too."""
    originals: dict[str, set[str]] = defaultdict(set)
    for shown, line in hidden_lines(before):
        originals[shown.strip()].add(line.strip())
    lines = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        content = line.strip()
        lines.append(line.replace(content, _original(content, originals, number)) if DOTS in line else line)
    return "".join(lines)


def _original(line: str, originals: dict[str, set[str]], number: int) -> str:
    found = originals.get(line.strip(), set())
    if len(found) != 1:
        raise UnknownSecret(number, 1, "", "the dots stand for no secret that is known")
    return next(iter(found))


def _has_secret(key: str) -> bool:
    """Return whether a key has a secret itself, such as one that lacks the colon after it."""
    return bool(secret_parts(key)) or (not _PLAIN_KEY.fullmatch(key) and hidden_line(key) != key)


def _unknown(value: _Value, reason: str) -> UnknownSecret:
    steps = [step if isinstance(step, str) else step[0] for step in value.path]
    return UnknownSecret(value.span.line, value.span.column + 1, path_text(tuple(steps)), reason)


def _general(path: Path) -> Path:
    """Return a path without the names and indices of items, and without the names of cameras and services."""
    return tuple(
        ("*",) if isinstance(step, tuple) or (index == 1 and path[0] in ("cameras", "services")) else step
        for index, step in enumerate(path)
    )


def _name(span: Span) -> str | None:
    while isinstance(span, AliasSpan):
        span = span.target
    name = entries_of(span).get("name") if isinstance(span, MappingSpan) else None
    return name.text if isinstance(name, ScalarSpan) else None


def _without_mark(text: str) -> tuple[str, str]:
    return (_MARK, text.removeprefix(_MARK)) if text.startswith(_MARK) else ("", text)
