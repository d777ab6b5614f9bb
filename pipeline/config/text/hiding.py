"""Which parts of a value, a comment or a line are secret."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from ..nodes import placeholders

DOTS = "\u2022" * 6
"""What is shown instead of a secret. As many for each, so that they do not tell its length."""

Label = tuple[str | int, ...]

_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SECRET_WORDS = frozenset(
    "password passwords passwd pwd pass passphrase passcode pin token tokens secret secrets credential credentials "
    "auth authorization bearer apikey signature sig cookie session".split()
)
_LONG_WORDS = ("password", "passwd", "passphrase", "secret", "credential", "tokens", "token", "authorization")
_KEYS = frozenset("api access private secret stream account signing encryption shared auth".split())  # before "key"
_ABOUT = frozenset("path file url name type count length size id px s ms mode".split())  # after a secret word
_SHOWN_BELOW = frozenset("name rights cameras user username".split())
# Parameters of cameras' addresses that are no secrets, whatever their values are.
_HARMLESS = frozenset(
    "action audio camera cam channel chn codec compression format fps framerate height mode profile proto protocol "
    "quality res resolution rotation size stream streamtype subtype transport transportmode type unicast video width "
    "videocodec".split()
)

# As in cameras/network/urls.py; the limits keep the search linear.
_SCHEME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9+.\-]{1,60}:(?://+|(?=[^\s/]{0,300}@))|(?<!\S)[^\s:/\"']+:[^\s/]{0,300}(?=@)"
)
_ANOTHER = re.compile(r"[\s\"',][A-Za-z0-9][A-Za-z0-9+.\-]{1,60}://")
_TAIL = re.compile(r"\S*")
_PARAMETER = re.compile(r"[^?#&;]+")
_LOGIN = re.compile(r"[\w.%+\-]:([^\s:@/]+)@")
_PARAMETER_OF = re.compile(r"[?&;#]([\w.\-]{1,60})=([^\s&;#]+)")
_RANDOM = re.compile(
    r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])(?:[A-Za-z0-9]{16,}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"
)
_RANDOM_PARAMETER = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.~\-]{16,}")


class Part(NamedTuple):
    """A secret part of a text: where it is, and which of its secrets it is, such as ``("password",)``."""

    start: int
    end: int
    label: Label


def is_secret_key(key: str, above: tuple[str, ...] = ()) -> bool:
    """Return whether values of a key are secret.

    Args:
        key: The key.
        above: The keys above it, such as ``("server", "tokens")`` for the ``name`` of a token.
    """
    if _is_secret_name(key):
        return True
    return any(_is_secret_name(each) for each in above) and key not in _SHOWN_BELOW


@lru_cache(1024)
def _is_secret_name(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ABOUT or words[0] in ("max", "min", "num"):
        return False
    if not _SECRET_WORDS.isdisjoint(words) or (words[-1] == "key" and not _KEYS.isdisjoint(words[:-1])):
        return True
    # A misspelled key is an error of the file, and must not show what it was meant to hide.
    together = "".join(words)[:80]
    return any(word in together for word in _LONG_WORDS[:5]) or bool(get_close_matches(together, _LONG_WORDS, 1, 0.8))


def secret_parts(text: str, *, is_secret: bool = False) -> list[Part]:
    """Return the secret parts of a value in the order of the text; placeholders such as ``${NAME}`` are none.

    Args:
        text: The value.
        is_secret: Whether it is secret as a whole. Otherwise user, password and parameters of its URLs are.
    """
    marks = list(placeholders(text))
    regions = [(0, len(text), ("value",))] if is_secret else _regions(_filled(text, marks))
    begins = [mark.start() for mark in marks]
    parts: list[Part] = []
    seen = 0  # how many placeholders have been treated
    for start, end, label in [*regions, (len(text), len(text), ())]:
        first, last = bisect_left(begins, start), bisect_left(begins, end)
        for index in range(seen, first):  # those that stand where no secret is expected
            at = marks[index].start("default")
            parts += [
                Part(at + part.start, at + part.end, ("default", index, *part.label))
                for part in secret_parts(marks[index]["default"] or "")
            ]
        parts += _literal(start, end, label, marks[first:last])
        seen = max(seen, last)
    return parts


def _regions(text: str) -> list[tuple[int, int, Label]]:
    """Return the secret parts of a text that has no placeholders, in their order, none overlapping another."""
    found = list(_url_parts(text))
    starts = [start for start, _, _ in found]
    stray = [match.span(1) for match in _LOGIN.finditer(text)]
    stray += [
        match.span(2)
        for match in _PARAMETER_OF.finditer(text)
        if match[1].lower() == "key" or _is_secret_name(match[1])
    ]
    taken = 0
    for number, (start, end) in enumerate(sorted(stray)):  # of URLs with a mistake in their beginning
        next_one = bisect_left(starts, start)
        before = found[next_one - 1][1] if next_one else 0
        if max(before, taken) <= start and (next_one == len(starts) or end <= starts[next_one]):
            found.append((start, end, ("stray", number)))
            taken = end
    return sorted(found, key=lambda region: region[:2])


def hidden(text: str) -> str:
    """Return a text with dots instead of the secrets of its URLs."""
    shown, at = [], 0
    for start, end, _ in secret_parts(text):
        shown += [text[at:start], DOTS]
        at = end
    return "".join(shown) + text[at:]


def _filled(text: str, marks: Iterable[re.Match[str]]) -> str:
    """Return a text with its placeholders filled: what they contain does not divide the URL that they stand in."""
    parts, at = [], 0
    for mark in marks:
        parts += [text[at : mark.start()], "0" * len(mark[0])]
        at = mark.end()
    return "".join(parts) + text[at:]


def destination(text: str) -> str | None:
    """Return scheme and host of the first URL of a text; None without one."""
    filled = _filled(text, placeholders(text))
    if (scheme := _SCHEME.search(filled)) is None:
        return None
    begin = max(scheme.end(), filled.rfind("@") + 1)
    host = re.compile(r"[^/?#\s]*").match(filled, begin)
    end = host.end() if host else begin
    return f"{scheme[0].partition(':')[0]}://{text[begin:end]}".lower()


def _literal(start: int, end: int, label: Label, marks: Iterable[re.Match[str]]) -> Iterator[Part]:
    """Yield what stands between placeholders in a secret part, and the defaults of the placeholders."""
    at, number = start, 0
    for mark in marks:
        if at < mark.start():
            yield Part(at, mark.start(), (*label, number))
        if mark["default"]:
            yield Part(mark.start("default"), mark.end("default"), (*label, number, "default"))
        at, number = mark.end(), number + 1
    if at < end:
        yield Part(at, end, (*label, number))


def _url_parts(text: str) -> Iterator[tuple[int, int, Label]]:
    """Yield the secret parts of all URLs of a text that has no placeholders."""
    at, number = 0, 0
    while (scheme := _SCHEME.search(text, at)) is not None:
        begin = scheme.end()
        if not scheme[0].endswith("/") and text[begin : begin + 1] == "@":  # user:password@ without a scheme
            begin = scheme.start()
        another = _ANOTHER.search(text, begin)
        end = another.start() + 1 if another else len(text)
        for start, stop, label in _parts_of_one(text[begin:end]):
            yield begin + start, begin + stop, ("url", number, *label)
        at, number = end, number + 1


def _parts_of_one(url: str) -> Iterator[tuple[int, int, Label]]:
    """Yield the secret parts of a URL without its scheme."""
    authority = re.match(r"[^/?#\s]*", url)
    host_end = authority.end() if authority else 0
    at = url.rfind("@")
    if at >= host_end:
        # A password with characters that are not escaped, or a path with an @: nothing tells them apart.
        yield 0, at, ("user",)
    elif at >= 0:
        colon = url.find(":", 0, at)
        if colon >= 0 and colon + 1 < at:
            yield colon + 1, at, ("password",)
        elif colon < 0 and at > 0:
            yield 0, at, ("user",)
    elif url[:host_end] == DOTS or (not url.startswith("[") and re.fullmatch(r"[^:]*:(?!\d*$).*", url[:host_end])):
        yield 0, host_end, ("user",)  # the beginning of user:password, cut off
        return
    rest_start = max(host_end, at + 1)
    tail = _TAIL.match(url, rest_start)
    rest_end = tail.end() if tail else rest_start
    query = min((index for mark in "?#" if (index := url.find(mark, rest_start, rest_end)) >= 0), default=rest_end)
    for number, segment in enumerate(re.finditer(r"[^/]+", url[rest_start:query])):
        if _RANDOM.fullmatch(segment[0]) or DOTS in segment[0]:
            yield rest_start + segment.start(), rest_start + segment.end(), ("path", number)
    seen: dict[str, int] = {}
    for parameter in _PARAMETER.finditer(url, query, rest_end):
        name, separator, value = parameter[0].partition("=")
        seen[name] = number = seen.get(name, -1) + 1
        if not separator:
            if _RANDOM_PARAMETER.fullmatch(name) or DOTS in name:
                yield parameter.start(), parameter.end(), ("query", number)
        elif value and (_is_secret_name(name) or DOTS in value or not _is_harmless(name, value)):
            yield parameter.start() + len(name) + 1, parameter.end(), ("query", name, number)


def _is_harmless(name: str, value: str) -> bool:
    return (
        name.lower() in _HARMLESS
        or value.lower() in ("true", "false", "yes", "no", "on", "off")
        or bool(re.fullmatch(r"-?[0-9]{1,5}(\.[0-9]{1,3})?", value))
    )
