"""List the places that still lack a kind of camera, producer, transform, vision service, runtime or prediction.

usage: make kinds
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from docs.pictures import shown_cameras
from pipeline import BUILT_IN, Tables, TransformAttributes, load
from tests.test_imports import forgotten_kinds
from tests.test_repository import ROOMS, TESTED_WITH, untested

from .documents import DOCS, ROOT, table
from .test_reference import FOR_ALL_SERVICES, FOR_ALL_THAT_RECOGNISE, unnamed

ROWS = {
    "cameras": ("configuration.md", "`model`"),
    "producers": ("configuration.md", "`model`"),
    "transforms": ("transforms.md", "`type`"),
    "vision": ("vision.md", "`model` of a vision service"),
    "runtimes": ("vision.md", "`model` of `type: mlmodel`"),
}
"""For each table of kinds, the document with a row per kind, and the heading of the first column."""

OWN_TABLE = frozenset({"mlmodel"})
"""Vision services whose attributes have their own table."""

NOT_SHOWN = {
    "webcam": "needs a device",
    "stream": "needs an address",
    "snapshot": "needs an address",
    "video_file": "needs a video",
    "image_file": "needs a picture",
}
"""Cameras that the shipped configurations cannot use, with the reason."""


def missing(tables: Tables = BUILT_IN) -> Iterator[str]:
    """Yield a sentence for each place that lacks a kind.

    Args:
        tables: The kinds to look for.
    """
    yield from forgotten_kinds(ROOT)
    for module in untested(ROOT, *ROOMS):
        if module not in TESTED_WITH:
            yield f"{module} has no test"
    for name, (document, heading) in ROWS.items():
        yield from _missing_in_reference(getattr(tables, name), document, heading)
    yield from _missing_in_texts(tables)
    yield from _missing_in_configs(tables)
    yield from _missing_in_gallery()


def _missing_in_reference(kinds: Mapping[str, Any], document: str, heading: str) -> Iterator[str]:
    rows = table(document, heading)
    for name in kinds.keys() - rows.keys():
        yield f"{name} has no row in docs/{document}"
    common = FOR_ALL_THAT_RECOGNISE | FOR_ALL_SERVICES
    named = {name: kind for name, kind in kinds.items() if name in rows and name not in OWN_TABLE}
    for attribute in unnamed(rows, named, common):
        yield f"{attribute} is not in its row in docs/{document}"


def _missing_in_texts(tables: Tables) -> Iterator[str]:
    declared = {*tables.transforms, *tables.vision, *tables.runtimes}
    texts = {
        ROOT / "CHANGELOG.md": {*tables.camera_models, *declared, *tables.predictions},
        DOCS / "coming-from-viam.md": declared,
        DOCS / "http.md": {*tables.predictions},
    }
    for path, names in texts.items():
        named = set(re.findall(r"`([a-z_0-9]+)`", path.read_text()))
        for name in sorted(names - named):
            yield f"{name} is not in {path.relative_to(ROOT)}, in backticks"


def _missing_in_configs(tables: Tables) -> Iterator[str]:
    cameras, transforms, services = set(NOT_SHOWN), set[str](), set[str]()
    for path in sorted((ROOT / "configs").glob("*.yaml")):
        config = load(path)
        services |= {service.model for service in config.services.values()}
        for camera in config.cameras.values():
            cameras.add(camera.model)
            if isinstance(camera.attributes, TransformAttributes):
                transforms |= {entry.type for entry in camera.attributes.pipeline}
    used = ((tables.camera_models, cameras), (tables.transforms, transforms), (tables.vision, services))
    for kinds, shown in used:
        for name in sorted(kinds.keys() - shown):
            yield f"{name} is in no file of configs/"


def _missing_in_gallery() -> Iterator[str]:
    linked = set(re.findall(r"\]\(transforms/([\w-]+)\.jpg\)", (DOCS / "gallery.md").read_text()))
    for name, _, _ in shown_cameras():
        if name not in linked:
            yield f"docs/gallery.md does not show transforms/{name}.jpg; `make pictures ARGS=cameras` takes it"
        elif not (DOCS / "transforms" / f"{name}.jpg").is_file():
            yield f"docs/transforms/{name}.jpg does not exist; `make pictures ARGS=cameras` takes it"


if __name__ == "__main__":
    found = sorted(set(missing()))
    print("\n".join(found) or "no place lacks a kind")
    sys.exit(1 if found else 0)
