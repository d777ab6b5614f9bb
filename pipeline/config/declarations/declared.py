"""The configuration after reading: typed, validated and resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cameras import Attributes
from vision import RuntimeDeclaration, ServiceDeclaration

from ...camera_config import CameraConfig
from ..nodes import Address, MappingNode, Node, Position, Problem, Problems, find
from .server import ServerConfig
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
        locations: Where the file declares cameras and services.
        tables: The kinds it was read with; only these kinds are built.
        plugin_files: The files under ``plugins:``, as they are written there.
    """

    cameras: dict[str, CameraConfig]
    services: dict[str, ServiceDeclaration]
    server: ServerConfig = ServerConfig()
    path: Path = Path()
    models: dict[str, RuntimeDeclaration] = field(default_factory=dict)
    locations: Locations = field(default=Locations(), repr=False, compare=False)
    tables: Tables = field(default=BUILT_IN, repr=False, compare=False)
    plugin_files: tuple[str, ...] = ()

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders of all files that the configuration names, each with a final slash, the longest first."""
        values = (value for attributes in self._attributes() for _, value in attributes)
        folders = {f"{path.parent}/" for path in values if isinstance(path, Path)}
        return tuple(sorted(folders - {"//", "/", "./"}, key=len, reverse=True))

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
