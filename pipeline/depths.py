"""Transforms that ask for depth, or for a lens, on cameras that give none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transforms import Transform

from .declared import CameraConfig, TransformAttributes
from .nodes import Node, find
from .problems import Address, Problems, quoted
from .tables import Tables

Chain = list[CameraConfig]
"""A camera, the one it comes from, and so on to where frames begin."""


def check_depths(
    cameras: Mapping[str, CameraConfig],
    items: Sequence[tuple[str, tuple[Address, Node]]],
    tables: Tables,
    problems: Problems,
) -> None:
    """Note every transform that needs what none of the cameras before it can give.

    Depth is missing where the camera at the root could give it, but is not told to; a lens is, where nobody declares
    one on the way and the camera at the root has none.

    Args:
        cameras: The cameras that have been read without a problem.
        items: Name, address and node of every camera.
        tables: The kinds of cameras and transforms.
        problems: Where to note it.
    """
    for name, (address, node) in items:
        camera = cameras.get(name)
        if camera is None or not isinstance(camera.attributes, TransformAttributes):
            continue
        for index, entry in enumerate(camera.attributes.pipeline):
            transform = tables.transforms[entry.type]
            if not (transform.needs_depth or transform.needs_lens):
                continue
            chain = _chain(cameras, camera)
            if chain is None:
                break
            place = ("attributes", "pipeline", index, "type")
            for message in _missing(transform, entry.attributes, chain, tables):
                problems.add(find(node, place)[0].position, (*address, *place), f"{entry.type} needs {message}")


def _missing(transform: type[Transform[Any]], attributes: Any, chain: Chain, tables: Tables) -> Iterator[str]:
    root = chain[-1]
    # A kind of camera without that attribute: only its frames can tell.
    if transform.needs_depth and getattr(root.attributes, "depth", None) is False:
        yield f"depth: camera {quoted(root.name)}, where its frames begin, has depth: false"
        return  # its lens, where it has one, comes with it
    for needed in transform.needs_lens:
        places = [attributes, *(camera.attributes for camera in chain[:-1])]
        if any(_is_lens(getattr(place, needed, None)) for place in places):
            continue
        if needed != "intrinsic_parameters" or not tables.cameras[root.model].gives_lens(root.attributes):
            yield f"{needed}: they are given neither here, nor for the camera, nor by its source"


def _is_lens(declared: Any) -> bool:
    """Return whether parameters are declared, and say something: a size of 0 says that the lens is not known."""
    return declared is not None and getattr(declared, "intrinsics", declared) is not None


def _chain(cameras: Mapping[str, CameraConfig], camera: CameraConfig) -> Chain | None:
    """Return a camera and those it comes from; ``None`` where the way there is broken or goes round."""
    chain: dict[str, CameraConfig] = {}
    found: CameraConfig | None = camera
    while found is not None and found.name not in chain:
        chain[found.name] = found
        if not isinstance(found.attributes, TransformAttributes):
            return list(chain.values())
        found = cameras.get(found.attributes.source)
    return None
