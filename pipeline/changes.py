"""The difference between two configurations: cameras and services added, changed, removed and unchanged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .camera_config import CameraConfig, TransformAttributes
from .config import Config, Tables

SETTINGS = ("preload", "linger_s", "private", "stream", "style")
"""The settings of a camera that its feed and the readers of the feed use; its producer depends on all others."""


@dataclass(frozen=True)
class Difference:
    """Names of cameras or services, in the order of their configuration.

    Attributes:
        added: Names only in the new configuration.
        changed: Names whose declaration, or a dependency of it, differs.
        removed: Names only in the old configuration.
        unchanged: All other names.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """The difference between two configurations.

    Attributes:
        cameras: The cameras; a camera also counts as changed when a vision service that it uses is changed.
        services: The vision services; a service also counts as changed when its model is changed.
        replaced: The changed cameras that need another producer. Of the other changed cameras only ``SETTINGS`` differ.
    """

    cameras: Difference
    services: Difference
    replaced: tuple[str, ...] = ()


def changes_between(old: Config, new: Config) -> Changes:
    """Return the difference; everything counts as changed when the configurations have different tables of kinds."""
    others = old.tables is not new.tables
    services = _difference(old.services, new.services, new.services if others else ())
    changed = frozenset(services.changed)
    using = [name for name, camera in new.cameras.items() if others or changed & _services_of(camera, new.tables)]
    cameras = _difference(old.cameras, new.cameras, using)
    replaced = tuple(
        name for name in cameras.changed if name in using or _needs_producer(old.cameras[name], new.cameras[name])
    )
    return Changes(cameras, services, replaced)


def _difference(old: Mapping[str, object], new: Mapping[str, object], also_changed: Collection[str]) -> Difference:
    both = [name for name in new if name in old]
    changed = tuple(name for name in both if name in also_changed or old[name] != new[name])
    return Difference(
        added=tuple(name for name in new if name not in old),
        changed=changed,
        removed=tuple(name for name in old if name not in new),
        unchanged=tuple(name for name in both if name not in changed),
    )


def _needs_producer(old: CameraConfig, new: CameraConfig) -> bool:
    return replace(old, **{setting: getattr(new, setting) for setting in SETTINGS}) != new


def _services_of(camera: CameraConfig, tables: Tables) -> frozenset[str]:
    """Return the vision services that the transforms of a camera use."""
    declared: Any = camera.attributes
    if not isinstance(declared, TransformAttributes):
        return frozenset()
    needs = (tables.transforms[entry.type].needs(entry.attributes) for entry in declared.pipeline)
    return frozenset(service for needed in needs for _, service, _ in needed)
