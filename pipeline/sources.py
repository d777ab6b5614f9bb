"""Where transform cameras take their frames from: sources that do not exist, and cameras that feed each other."""

from __future__ import annotations

from collections.abc import Sequence

from .nodes import Node, find, text_of
from .problems import Address, Problems, is_unknown, quoted

_SOURCE = ("attributes", "source")


def check_sources(transforms: Sequence[tuple[Address, Node]], names: Sequence[str], problems: Problems) -> None:
    """Note every source that is no camera, and every ring of cameras once.

    Args:
        transforms: The transform cameras, each with its address.
        names: All cameras, in the order of the file.
        problems: Where to note it.
    """
    known = dict.fromkeys(names)
    sources: dict[str, str] = {}
    places: dict[str, tuple[Address, Node]] = {}
    for address, node in transforms:
        found, real = find(node, _SOURCE)
        source, name = text_of(found), text_of(find(node, ("name",))[0])
        if real != _SOURCE or source is None:
            continue  # missing or no text, which has been noted
        if source not in known:
            message = is_unknown(problems, f"no camera is named {quoted(source)}", source, known)
            problems.add(found.position, (*address, *_SOURCE), message)
        elif name is not None and name not in sources:
            sources[name] = source
            places[name] = (*address, *_SOURCE), found
    for ring in _rings(sources):
        address, found = places[ring[0]]
        circle = " -> ".join((*ring, ring[0]))
        problems.add(found.position, address, f"cameras take their frames from each other in a circle: {circle}")


def _rings(sources: dict[str, str]) -> list[list[str]]:
    """Give every ring, beginning with its first camera in the file."""
    rings: list[list[str]] = []
    done: set[str] = set()
    for start in sources:
        way: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in done and name not in way:
            way[name] = None
            name = sources.get(name)
        if name in way:
            steps = list(way)
            rings.append(steps[steps.index(name) :] if name is not None else [])
        done |= way.keys()
    order = {name: index for index, name in enumerate(sources)}
    return [_turned(ring, order) for ring in rings]


def _turned(ring: list[str], order: dict[str, int]) -> list[str]:
    first = ring.index(min(ring, key=order.__getitem__))
    return ring[first:] + ring[:first]
