"""What another configuration changes: the cameras and services that it adds, changes, removes or leaves alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .config import CameraConfig, Config, Tables, TransformAttributes


@dataclass(frozen=True)
class Difference:
    """Names, in the order of the configuration that they stand in.

    Attributes:
        added: Of what was not there before.
        changed: Of what is declared otherwise now, or uses what is.
        removed: Of what is there no more.
        unchanged: Of what stays as it is.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What differs between two configurations.

    Attributes:
        cameras: A camera is changed, too, when a vision service that it uses is.
        services: The vision services; one is changed, too, when the model that it runs is.
    """

    cameras: Difference
    services: Difference


def changes_between(old: Config, new: Config) -> Changes:
    """Return what a new configuration changes in an old one; everything, where its kinds are of other tables."""
    others = old.tables is not new.tables
    services = _difference(old.services, new.services, new.services if others else ())
    replaced = frozenset(services.changed)
    using = [name for name, camera in new.cameras.items() if others or replaced & _services_of(camera, new.tables)]
    return Changes(_difference(old.cameras, new.cameras, using), services)


def _difference(old: Mapping[str, object], new: Mapping[str, object], also_changed: Collection[str]) -> Difference:
    both = [name for name in new if name in old]
    changed = tuple(name for name in both if name in also_changed or old[name] != new[name])
    return Difference(
        added=tuple(name for name in new if name not in old),
        changed=changed,
        removed=tuple(name for name in old if name not in new),
        unchanged=tuple(name for name in both if name not in changed),
    )


def _services_of(camera: CameraConfig, tables: Tables) -> frozenset[str]:
    """Return the vision services that the transforms of a camera use."""
    declared: Any = camera.attributes
    if not isinstance(declared, TransformAttributes):
        return frozenset()
    needs = (tables.transforms[entry.type].needs(entry.attributes) for entry in declared.pipeline)
    return frozenset(service for needed in needs for _, service, _ in needed)
