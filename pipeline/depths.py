"""Transforms that ask for depth, on cameras that give none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .declared import CameraConfig, TransformAttributes
from .nodes import Node, find
from .problems import Address, Problems, quoted
from .tables import Tables


def check_depths(
    cameras: Mapping[str, CameraConfig],
    items: Sequence[tuple[str, tuple[Address, Node]]],
    tables: Tables,
    problems: Problems,
) -> None:
    """Note every transform that needs depth where the camera at the root could give it, but is not told to.

    Args:
        cameras: The cameras that have been read without a problem.
        items: Name, address and node of every camera.
        tables: The kinds of transforms.
        problems: Where to note it.
    """
    for name, (address, node) in items:
        camera = cameras.get(name)
        if camera is None or not isinstance(camera.attributes, TransformAttributes):
            continue
        root = _root(cameras, camera)
        if root is None or getattr(root.attributes, "depth", None) is not False:
            continue  # a kind of camera without that attribute: only its frames can tell
        for index, entry in enumerate(camera.attributes.pipeline):
            if tables.transforms[entry.type].needs_depth:
                place = ("attributes", "pipeline", index, "type")
                message = (
                    f"{entry.type} needs depth: camera {quoted(root.name)}, where its frames begin, has depth: false"
                )
                problems.add(find(node, place)[0].position, (*address, *place), message)


def _root(cameras: Mapping[str, CameraConfig], camera: CameraConfig) -> CameraConfig | None:
    """Return the camera that frames begin at; ``None`` where the way there is broken or goes round."""
    seen: set[str] = set()
    found: CameraConfig | None = camera
    while found is not None and isinstance(found.attributes, TransformAttributes):
        if found.name in seen:
            return None
        seen.add(found.name)
        found = cameras.get(found.attributes.source)
    return found
