"""What a caller may see: the one rule for everything that lists, names or opens cameras, services and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline import Config, DownstreamAttributes, Feed, TransformAttributes
from vision import VisionService

from .access import Caller

Owners = Mapping[str, frozenset[str]]
"""The cameras that something belongs to, by its name."""


class Visibility:
    """Tells what the callers with a limited token may see of one configuration.

    Such a caller sees the cameras of its token, and of services and models those that these cameras use: in their
    pipeline, in that of their sources, or because the service names the camera as its own. What no camera uses is for
    pictures of clients, and visible with the right to predict. All else does not exist for it: no name of another
    camera appears in what it gets, nor the error of one.

    Args:
        config: The configuration.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        services: dict[str, set[str]] = {}
        for camera in config.cameras:
            for service in _services_of(config, camera):
                services.setdefault(service, set()).add(camera)
        models: dict[str, set[str]] = {}
        for name, declared in config.services.items():
            own = config.tables.vision[declared.model].default_camera(declared.attributes)
            if own is not None:
                services.setdefault(name, set()).add(own)
            if declared.runtime is not None:
                models.setdefault(declared.runtime.name, set()).update(services.get(name, ()))
        self._services: Owners = {name: frozenset(cameras) for name, cameras in services.items()}
        self._models: Owners = {name: frozenset(cameras) for name, cameras in models.items()}

    def service(self, caller: Caller, name: str) -> bool:
        """Return whether a caller may see the vision service of a name."""
        return _may_see(caller, self._services.get(name))

    def model(self, caller: Caller, name: str) -> bool:
        """Return whether a caller may see the model of a name."""
        return _may_see(caller, self._models.get(name))

    @staticmethod
    def default_camera(caller: Caller, service: VisionService[Any]) -> str | None:
        """Return the camera that a service uses when a request names none; ``None`` if the caller may not use it."""
        name = service.default_camera(service.attributes)
        return name if name is not None and caller.may_use(name) else None

    @staticmethod
    def source(caller: Caller, camera: Feed) -> str | None:
        """Return the name of the source of a camera; ``None`` if it has none, or the caller may not use it."""
        source = camera.source
        return None if source is None or not caller.may_use(source.name) else source.name

    @staticmethod
    def error(caller: Caller, camera: Feed) -> str | None:
        """Return the error of a camera; where it is that of a source that the caller may not use, only that."""
        error, source = camera.error, camera.source
        if error is None or source is None:
            return error
        prefix = f"source {source.name}: "
        if not error.startswith(prefix):
            return error
        return (
            prefix + str(Visibility.error(caller, source)) if caller.may_use(source.name) else "its source has an error"
        )


def _may_see(caller: Caller, owners: frozenset[str] | None) -> bool:
    if caller.cameras is None:
        return True
    return "predict" in caller.rights if not owners else not caller.cameras.isdisjoint(owners)


def _services_of(config: Config, camera: str) -> Iterator[str]:
    """Yield the vision services whose predictions the frames of a camera carry."""
    name: str | None = camera
    while name is not None:
        attributes = config.cameras[name].attributes
        if isinstance(attributes, TransformAttributes):
            for entry in attributes.pipeline:
                for _, service, _ in config.tables.transforms[entry.type].needs(entry.attributes):
                    yield service
        name = attributes.source if isinstance(attributes, DownstreamAttributes) else None
