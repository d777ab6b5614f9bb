"""Checks of names of cameras: sources exist without a cycle, transforms get the depth and lens that they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transforms import Transform

from ..camera_config import CameraConfig, DownstreamAttributes, TransformAttributes
from .declarations import Tables, Token
from .nodes import Address, Node, Problems, find, is_unknown, quoted, text_of

MOST_CHAINED = 100
"""Most cameras in a chain: what concerns all of them is asked from one to the next."""

Upstream = list[CameraConfig]
"""A camera, its source, and so on to the root."""

_SOURCE = ("attributes", "source")


def check_sources(cameras: Sequence[tuple[Address, Node]], names: Sequence[str], problems: Problems) -> None:
    """Report every source that does not exist, every cycle of cameras once, and the first camera of a chain too long.

    Args:
        cameras: The cameras that take their frames from another one, each with its address.
        names: All cameras, in the order of the file.
        problems: Where to report.
    """
    known = dict.fromkeys(names)
    sources: dict[str, str] = {}
    places: dict[str, tuple[Address, Node]] = {}
    for address, node in cameras:
        found, real = find(node, _SOURCE)
        source, name = text_of(found), text_of(find(node, ("name",))[0])
        if real != _SOURCE or source is None:
            continue  # missing or not a text; reported already
        if source not in known:
            message = is_unknown(problems, f"no camera is named {quoted(source)}", source, known)
            problems.add(found.position, (*address, *_SOURCE), message)
        elif name is not None and name not in sources:
            sources[name] = source
            places[name] = (*address, *_SOURCE), found
    for cycle in _cycles(sources):
        address, found = places[cycle[0]]
        names_in_cycle = " -> ".join((*cycle, cycle[0]))
        problems.add(found.position, address, f"cameras take their frames from each other in a cycle: {names_in_cycle}")
    for name in _too_deep(sources):
        address, found = places[name]
        problems.add(found.position, address, f"a chain may have at most {MOST_CHAINED} cameras; this is one more")


def unknown_cameras(tokens: Sequence[Token], names: Sequence[str], problems: Problems) -> Iterator[tuple[Address, str]]:
    """Yield an error for each camera of a token that does not exist."""
    known = dict.fromkeys(names)
    for place, token in enumerate(tokens):
        for number, name in enumerate(token.cameras or ()):
            if name not in known:
                message = is_unknown(problems, f"no camera is named {quoted(name)}", name, known)
                yield ("tokens", place, "cameras", number), message


def _too_deep(sources: dict[str, str]) -> Iterator[str]:
    """Yield the cameras that are one too many in their chain; none of a cycle."""
    depths: dict[str, int] = {}
    for start in sources:
        path: dict[str, None] = {}
        name = start
        while name in sources and name not in depths and name not in path:
            path[name] = None
            name = sources[name]
        depth = 0 if name in path else depths.get(name, 1)
        for member in reversed(path):
            depth = depth and depth + 1  # 0 in a cycle, and behind one
            depths[member] = depth
            if depth == MOST_CHAINED + 1:
                yield member


def _cycles(sources: dict[str, str]) -> list[list[str]]:
    """Return every cycle, starting with its first camera in the file."""
    cycles: list[list[str]] = []
    done: set[str] = set()
    for start in sources:
        path: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in done and name not in path:
            path[name] = None
            name = sources.get(name)
        if name in path:
            steps = list(path)
            cycles.append(steps[steps.index(name) :] if name is not None else [])
        done |= path.keys()
    order = {name: index for index, name in enumerate(sources)}
    return [_rotated(cycle, order) for cycle in cycles]


def _rotated(cycle: list[str], order: dict[str, int]) -> list[str]:
    first = cycle.index(min(cycle, key=order.__getitem__))
    return cycle[first:] + cycle[:first]


def check_depths(
    cameras: Mapping[str, CameraConfig],
    items: Sequence[tuple[str, tuple[Address, Node]]],
    tables: Tables,
    problems: Problems,
) -> None:
    """Report every transform that needs depth or lens parameters that nothing upstream provides.

    Depth is missing when the root camera supports it but has it switched off. Lens parameters are missing when the root
    camera has none and no camera or transform on the path declares them.

    Args:
        cameras: The valid cameras.
        items: Name, address and node of every camera.
        tables: The kinds of cameras and transforms.
        problems: Where to report.
    """
    for name, (address, node) in items:
        camera = cameras.get(name)
        if camera is None or not isinstance(camera.attributes, TransformAttributes):
            continue
        for index, entry in enumerate(camera.attributes.pipeline):
            transform = tables.transforms[entry.type]
            if not (transform.needs_depth or transform.needs_lens):
                continue
            upstream = _upstream(cameras, camera)
            if upstream is None:
                break
            place = ("attributes", "pipeline", index, "type")
            for message in _missing(transform, entry.attributes, upstream, tables):
                problems.add(find(node, place)[0].position, (*address, *place), f"{entry.type} needs {message}")


def _missing(transform: type[Transform[Any]], attributes: Any, upstream: Upstream, tables: Tables) -> Iterator[str]:
    root = upstream[-1]
    # For a kind of camera without that attribute, only its frames show whether they have depth.
    if transform.needs_depth and getattr(root.attributes, "depth", None) is False:
        yield f"depth: camera {quoted(root.name)}, the root of its sources, has depth: false"
        return  # its lens parameters, if any, come with the depth
    for needed in transform.needs_lens:
        places = [attributes, *(camera.attributes for camera in upstream[:-1])]
        if any(_is_lens(getattr(place, needed, None)) for place in places):
            continue
        kind = tables.cameras.get(root.model)  # other producers declare no lens
        if needed != "intrinsic_parameters" or kind is None or not kind.provides_intrinsics(root.attributes):
            yield f"{needed}: set them here or on the camera, or use a source that provides them"


def _is_lens(declared: Any) -> bool:
    """Return whether lens parameters are declared; a size of 0 means that they are unknown."""
    return declared is not None and getattr(declared, "intrinsics", declared) is not None


def _upstream(cameras: Mapping[str, CameraConfig], camera: CameraConfig) -> Upstream | None:
    """Return a camera and its sources up to the root; ``None`` when a source is missing or part of a cycle."""
    upstream: dict[str, CameraConfig] = {}
    found: CameraConfig | None = camera
    while found is not None and found.name not in upstream:
        upstream[found.name] = found
        if not isinstance(found.attributes, DownstreamAttributes):
            return list(upstream.values())
        found = cameras.get(found.attributes.source)
    return None
