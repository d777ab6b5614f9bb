"""The configuration after reading: typed, validated and resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from cameras import Attributes
from vision import RuntimeDeclaration, ServiceDeclaration, weights_beside

from ...camera_config import CameraConfig, TransformAttributes
from ..nodes import Address, MappingNode, Node, Position, Problem, Problems, find
from .server import ServerConfig
from .stamps import Stamp, files_in, stamp_of
from .tables import BUILT_IN, Tables


@dataclass(frozen=True)
class Locations:
    """Where the file declares cameras and services, for problems found after reading.

    Attributes:
        file: The file name as the user typed it.
        items: Address and node by ``("cameras", name)`` or ``("services", name)``.
    """

    file: str = ""
    items: Mapping[tuple[str, str], tuple[Address, Node]] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """A whole configuration.

    Attributes:
        cameras: By name, in the order of the file.
        services: The vision services by name, in the order of the file, each with its model.
        models: All models by name, in the order of the file, used or not.
        server: The settings of the server.
        path: The file it was read from.
        stamps: Of its files (:func:`files_of`), when it was read; ``None`` for one that was missing.
        locations: Where the file declares cameras and services.
        tables: The kinds it was read with; only these kinds are built.
        plugin_files: The files under ``plugins:``, as they are written there.
    """

    cameras: dict[str, CameraConfig]
    services: dict[str, ServiceDeclaration]
    server: ServerConfig = ServerConfig()
    path: Path = Path()
    models: dict[str, RuntimeDeclaration] = field(default_factory=dict)
    stamps: Mapping[Path, Stamp | None] = field(default_factory=dict, repr=False, compare=False)
    locations: Locations = field(default=Locations(), repr=False, compare=False)
    tables: Tables = field(default=BUILT_IN, repr=False, compare=False)
    plugin_files: tuple[str, ...] = ()

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders of all files that the configuration names, each with a final slash, the longest first."""
        values = (value for attributes in self._attributes() for _, value in attributes)
        folders = {f"{path.parent}/" for path in values if isinstance(path, Path)}
        return tuple(sorted(folders - {"//", "/", "./"}, key=len, reverse=True))

    def stamped(self) -> Config:
        """Return this configuration with the present stamps of its files."""
        return replace(self, stamps={path: stamp_of(path) for path in files_of(self)})

    def without_folders(self, text: str) -> str:
        """Return a message for clients: without the folders of the files that the configuration names."""
        for folder in self.folders:
            text = text.replace(folder, "")
        return text

    def _attributes(self) -> Iterator[Attributes]:
        yield from (camera.attributes for camera in self.cameras.values())
        yield from (model.attributes for model in self.models.values())
        for service in self.services.values():
            yield service.attributes
            if service.runtime is not None:
                yield service.runtime.attributes

    def service_problem(self, name: str, message: str) -> Problem:
        """Return a problem of a service or model.

        Its position is that of the attribute whose path begins the message, else that of the name.
        """
        declared = self.services.get(name) or self.models[name]
        owners = [(name, declared.attributes)]
        if isinstance(declared, ServiceDeclaration) and declared.runtime is not None:
            owners.append((declared.runtime.name, declared.runtime.attributes))
        for owner, attributes in owners:
            for attribute in type(attributes).model_fields:
                value = getattr(attributes, attribute)
                if isinstance(value, Path) and message.startswith(f"{value}:"):
                    return self.problem(("services", owner, "attributes", attribute), message)
        return self.problem(("services", name), message)

    def problem(self, address: Address, message: str) -> Problem:
        """Return a problem at its position in the file.

        Args:
            address: ``("cameras", name, ...)`` or ``("services", name, ...)``, with names in place of list indices.
            message: What is wrong.
        """
        problems = Problems(self.locations.file or str(self.path))
        position: Position | None = None
        if len(address) > 1 and (item := self.locations.items.get((str(address[0]), str(address[1])))) is not None:
            base, node = item
            rest = address[2:]
            if not rest and isinstance(node, MappingNode) and "name" in node.entries:
                rest = ("name",)
            position = find(node, rest)[0].position
            address = (*base, *address[2:])
        problems.add(position, address, message)
        return problems.error().problems[0]


def files_of(config: Config) -> tuple[Path, ...]:
    """Return the files that the vision services, models, transforms and styles of a configuration name, sorted.

    They are read when a service or a transform is made: where one is replaced, so must be what was made of it
    (``changes.py``). Files of cameras are not among them, since a camera reads its own again and again; nor is the
    configuration itself, and what the settings of the server name.
    """
    found = {path for model in config.models.values() for path in files_of_model(model)}
    found |= {path for service in config.services.values() for path in files_of_service(service)}
    found |= {path for camera in config.cameras.values() for path in files_of_camera(camera)}
    return tuple(sorted(found | {path for camera in config.cameras.values() for path in files_in(camera.style)}))


def files_of_model(model: RuntimeDeclaration) -> Iterator[Path]:
    """Yield the files that a model names, and those that have its weights."""
    return _with_weights(files_in(model.attributes))


def files_of_service(service: ServiceDeclaration) -> Iterator[Path]:
    """Yield the files that a vision service and its model name, and those that have weights of the model."""
    yield from _with_weights(files_in(service.attributes))
    if service.runtime is not None:
        yield from files_of_model(service.runtime)


def files_of_camera(camera: CameraConfig) -> Iterator[Path]:
    """Yield the files that the transforms of a camera name."""
    if isinstance(camera.attributes, TransformAttributes):
        for entry in camera.attributes.pipeline:
            yield from files_in(entry.attributes)


def _with_weights(files: Iterable[Path]) -> Iterator[Path]:
    for path in files:
        yield path
        yield from weights_beside(path)
