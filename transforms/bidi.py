"""Text that runs from right to left, in the order in which it is drawn from left to right: OpenCV does not do that."""

from __future__ import annotations

import unicodedata

_MIRRORED = {
    **(pairs := dict(zip("([{<«‹", ")]}>»›", strict=True))),
    **{close: open_ for open_, close in pairs.items()},
}


def drawn(text: str) -> str:
    """Return one line of text as it is drawn from left to right.

    Runs of Hebrew, Arabic and their like are turned round, numbers and Latin words inside of them are not; a line that
    begins with such a letter runs from right to left as a whole. This is the part of Unicode's bidirectional algorithm
    that one line without control characters needs. Letters are not joined: OpenCV's fonts have no joined ones.
    """
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    if not any(kind in ("R", "AL") for kind in kinds):
        return text
    clusters, levels = _clusters(text, kinds)
    for level in (2, 1):
        start = 0
        while start < len(clusters):
            end = start
            while end < len(clusters) and levels[end] >= level:
                end += 1
            clusters[start:end] = clusters[start:end][::-1]
            levels[start:end] = levels[start:end][::-1]
            start = end + 1
    return "".join(clusters)


def _clusters(text: str, kinds: list[str]) -> tuple[list[str], list[int]]:
    """Return the letters with the marks that stand on them, and how deep each is: 1 from right to left, 0 and 2 not."""
    base = next(kind for kind in kinds if kind in ("L", "R", "AL"))
    right = base != "L"
    clusters: list[str] = []
    ways: list[str] = []  # L and R, N for a number among R, and nothing for what has no way of its own
    strong = "R" if right else "L"
    for index, (letter, kind) in enumerate(zip(text, kinds, strict=True)):
        if kind == "NSM" and clusters:
            clusters[-1] += letter
            continue
        way = ""
        if kind in ("L", "R", "AL"):
            way = strong = "L" if kind == "L" else "R"
        elif kind in ("EN", "AN") or _in_number(kinds, index):
            way = "N" if strong == "R" else "L"
        clusters.append(letter)
        ways.append(way)
    depths = {"L": 2 if right else 0, "R": 1, "N": 2}
    levels = [depths[way or _between(ways, index, "R" if right else "L")] for index, way in enumerate(ways)]
    clusters = [
        _MIRRORED.get(letter, letter) if level == 1 else letter for letter, level in zip(clusters, levels, strict=True)
    ]
    return clusters, levels


def _between(ways: list[str], index: int, base: str) -> str:
    """Return the way of what has none of its own: that of its neighbours where they agree, else that of the line."""
    before = next((way for way in reversed(ways[:index]) if way), base).replace("N", "R")
    after = next((way for way in ways[index + 1 :] if way), base).replace("N", "R")
    return before if before == after else base


def _in_number(kinds: list[str], index: int) -> bool:
    """Whether a sign belongs to a number: a point between digits, a # before or a % after them."""
    before, after = kinds[index - 1 : index], kinds[index + 1 : index + 2]
    if kinds[index] in ("CS", "ES"):
        return before == after == ["EN"]
    return kinds[index] == "ET" and "EN" in (*before, *after)
