"""The difference between two configurations: cameras and services added, changed, removed and unchanged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .camera_config import SETTINGS, CameraConfig, TransformAttributes
from .config import Config, files_in, files_of_camera, files_of_service


@dataclass(frozen=True)
class Difference:
    """Names of cameras or services, in the order of their configuration.

    Attributes:
        added: Names only in the new configuration.
        changed: Names whose declaration, or a dependency of it, differs. A kind is one, since the file of a plugin may
            have changed; so is a file that it names, such as a model, which may have been replaced.
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
        replaced: The changed cameras that need another producer.
        exchanged: The changed cameras whose producer takes other attributes while it runs. Of all other changed cameras
            only ``SETTINGS`` differ.
    """

    cameras: Difference
    services: Difference
    replaced: tuple[str, ...] = ()
    exchanged: tuple[str, ...] = ()


def changes_between(old: Config, new: Config) -> Changes:
    """Return the difference."""
    services = _difference(
        old.services,
        new.services,
        [
            name
            for name, service in new.services.items()
            if _service_kinds(old, name) != _service_kinds(new, name)
            or files_differ(old, new, files_of_service(service))
        ],
    )
    changed = frozenset(services.changed)
    using = [
        name
        for name, camera in new.cameras.items()
        if changed & _services_of(camera, new)
        or _camera_kinds(old, name) != _camera_kinds(new, name)
        or files_differ(old, new, files_of_camera(camera))
    ]
    painted = [name for name, camera in new.cameras.items() if files_differ(old, new, files_in(camera.style))]
    cameras = _difference(old.cameras, new.cameras, [*using, *painted])
    other = [name for name in cameras.changed if name in using or _needs_producer(old.cameras[name], new.cameras[name])]
    exchanged = tuple(name for name in other if name not in using and _exchanges(name, old, new))
    return Changes(cameras, services, tuple(name for name in other if name not in exchanged), exchanged)


def _difference(old: Mapping[str, object], new: Mapping[str, object], also_changed: Collection[str]) -> Difference:
    both = [name for name in new if name in old]
    changed = tuple(name for name in both if name in also_changed or old[name] != new[name])
    return Difference(
        added=tuple(name for name in new if name not in old),
        changed=changed,
        removed=tuple(name for name in old if name not in new),
        unchanged=tuple(name for name in both if name not in changed),
    )


def files_differ(old: Config, new: Config, files: Iterable[Path]) -> bool:
    """Return whether a file was replaced between the readings of two configurations that both name it."""
    return any(path in old.stamps and old.stamps[path] != new.stamps.get(path) for path in files)


def _needs_producer(old: CameraConfig, new: CameraConfig) -> bool:
    return replace(old, **{setting: getattr(new, setting) for setting in SETTINGS}) != new


def _exchanges(name: str, old: Config, new: Config) -> bool:
    """Return whether the producer of a camera of unchanged kinds can take its new attributes."""
    before, after = old.cameras[name], new.cameras[name]
    kind = new.tables.producers.get(after.model)
    return (
        kind is not None
        and before.model == after.model
        and kind.exchanges(before.attributes, after.attributes, new.tables.transforms)
    )


def _service_kinds(config: Config, name: str) -> tuple[type | None, ...]:
    """Return the classes that a vision service is made of, and its model; none if there is no such service."""
    declared = config.services.get(name)
    if declared is None:
        return ()
    runtime = declared.runtime
    return (
        config.tables.vision.get(declared.model),
        config.tables.runtimes.get(runtime.model) if runtime is not None else None,
    )


def _camera_kinds(config: Config, name: str) -> tuple[type | None, ...]:
    """Return the classes that a camera and its transforms are made of; none if there is no such camera."""
    camera = config.cameras.get(name)
    if camera is None:
        return ()
    tables, declared = config.tables, camera.attributes
    entries = declared.pipeline if isinstance(declared, TransformAttributes) else ()
    kind = tables.cameras.get(camera.model) or tables.producers.get(camera.model)
    return (kind, *(tables.transforms.get(entry.type) for entry in entries))


def _services_of(camera: CameraConfig, config: Config) -> frozenset[str]:
    """Return the vision services that the transforms of a camera use."""
    declared: Any = camera.attributes
    if not isinstance(declared, TransformAttributes):
        return frozenset()
    needs = (config.tables.transforms[entry.type].needs(entry.attributes) for entry in declared.pipeline)
    return frozenset(service for needed in needs for _, service, _ in needed)
