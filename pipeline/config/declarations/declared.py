"""The configuration after reading: typed, validated and resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pydantic import Field, SerializeAsAny

from cameras import Attributes, Frame
from transforms import DistortionParameters, IntrinsicParameters, Style
from vision import RuntimeDeclaration, ServiceDeclaration

from ..nodes import Address, MappingNode, Node, Position, Problem, Problems, find
from .server import ServerConfig
from .stream import StreamConfig
from .tables import BUILT_IN, Tables

TRANSFORM = "transform"
"""The ``model`` of a camera that transforms the frames of another camera."""


class TransformConfig(Attributes):
    """One entry of a pipeline."""

    type: str = Field(description="The kind of transform.")
    attributes: SerializeAsAny[Attributes] = Field(description="Its settings.")


class TransformAttributes(Attributes):
    """Attributes of a transform camera in the YAML."""

    source: str = Field(description="The camera that provides the frames.")
    pipeline: tuple[TransformConfig, ...] = Field(strict=False, description="The transforms, in order.")
    intrinsic_parameters: IntrinsicParameters | None = Field(None, description="Lens; default: the source's.")
    distortion_parameters: DistortionParameters | None = Field(None, description="Distortion; default: the source's.")

    def entering(self, frame: Frame) -> Frame:
        """Return a source's frame with the lens parameters declared here, if any, in place of its own."""
        intrinsics = self.intrinsic_parameters and self.intrinsic_parameters.intrinsics
        distortion = self.distortion_parameters and self.distortion_parameters.distortion
        if intrinsics is None and distortion is None:
            return frame
        return replace(frame, intrinsics=intrinsics or frame.intrinsics, distortion=distortion or frame.distortion)


@dataclass(frozen=True)
class CameraConfig:
    """The declaration of a camera.

    Attributes:
        name: Its name.
        model: Its kind: a key of ``Tables.cameras``, or ``transform``.
        attributes: The settings of its kind; :class:`TransformAttributes` for a transform camera.
        preload: Whether it runs without viewers.
        linger_s: How long it keeps running after the last viewer leaves.
        private: Whether only other cameras can use it.
        stream: The encoder settings.
        style: How its annotations are painted.
    """

    name: str
    model: str
    attributes: Attributes
    preload: bool = False
    linger_s: float = 10.0
    private: bool = False
    stream: StreamConfig = StreamConfig()
    style: Style = Style()


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
        tables: The kinds it was read with; ``build.py`` builds only these kinds.
    """

    cameras: dict[str, CameraConfig]
    services: dict[str, ServiceDeclaration]
    server: ServerConfig = ServerConfig()
    path: Path = Path()
    models: dict[str, RuntimeDeclaration] = field(default_factory=dict)
    locations: Locations = field(default=Locations(), repr=False, compare=False)
    tables: Tables = field(default=BUILT_IN, repr=False, compare=False)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders of all files that the configuration names, each with a final slash, the longest first."""
        values = (value for attributes in self._attributes() for _, value in attributes)
        folders = {f"{path.parent}/" for path in values if isinstance(path, Path)}
        return tuple(sorted(folders - {"//", "/", "./"}, key=len, reverse=True))

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
