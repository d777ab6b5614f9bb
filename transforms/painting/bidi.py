"""Bidirectional text: splits a line into runs of one direction, in visual order."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

_MIRRORED = {
    **(pairs := dict(zip("([{<«‹", ")]}>»›", strict=True))),
    **{close: open_ for open_, close in pairs.items()},
}


class Run(NamedTuple):
    """Part of a line with one direction; the clusters are in reading order."""

    clusters: tuple[str, ...]
    right_to_left: bool


def runs(text: str) -> list[Run]:
    """Return the runs of one line of text, ordered from left to right.

    Hebrew, Arabic and similar scripts run from right to left, numbers and Latin words inside them do not. The first
    letter with a direction sets the direction of the line. This is the part of Unicode's bidirectional algorithm
    (UAX 9) that one line without control characters needs. A cluster is a letter with its combining marks.
    """
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    clusters, levels = _clusters(text, kinds)
    found: list[Run] = []
    depths: list[int] = []
    for cluster, level in zip(clusters, levels, strict=True):
        if depths and depths[-1] == level:
            found[-1] = Run((*found[-1].clusters, cluster), found[-1].right_to_left)
        else:
            found.append(Run((cluster,), level == 1))
            depths.append(level)
    # Rule L2 of UAX 9: from the highest level down, reverse each sequence of runs at that level or higher.
    for depth in (2, 1):
        start = 0
        while start < len(found):
            end = start
            while end < len(found) and depths[end] >= depth:
                end += 1
            found[start:end] = found[start:end][::-1]
            depths[start:end] = depths[start:end][::-1]
            start = end + 1
    return found


def reversed_run(clusters: tuple[str, ...]) -> str:
    """Return the clusters of a right-to-left run in visual order, with brackets mirrored."""
    return "".join(_MIRRORED.get(cluster, cluster) for cluster in reversed(clusters))


def _clusters(text: str, kinds: list[str]) -> tuple[list[str], list[int]]:
    """Return the clusters of a line and the embedding level of each: 1 is right to left, 0 and 2 are left to right."""
    right = next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"
    clusters: list[str] = []
    ways: list[str] = []  # L and R, N for a number inside R, empty for a neutral character
    strong = "R" if right else "L"
    for index, (letter, kind) in enumerate(zip(text, kinds, strict=True)):
        if clusters and (kind in ("NSM", "BN") or unicodedata.category(letter) == "Mc"):
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
    return clusters, [depths[way or _between(ways, index, "R" if right else "L")] for index, way in enumerate(ways)]


def _between(ways: list[str], index: int, base: str) -> str:
    """Return the direction of a neutral character: that of its neighbours if they agree, else that of the line."""
    before = next((way for way in reversed(ways[:index]) if way), base).replace("N", "R")
    after = next((way for way in ways[index + 1 :] if way), base).replace("N", "R")
    return before if before == after else base


def _in_number(kinds: list[str], index: int) -> bool:
    """Return whether a sign belongs to a number: a point between digits, a # before or a % after them."""
    before, after = kinds[index - 1 : index], kinds[index + 1 : index + 2]
    if kinds[index] in ("CS", "ES"):
        return before == after == ["EN"]
    return kinds[index] == "ET" and "EN" in (*before, *after)
