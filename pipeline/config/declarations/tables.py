"""The tables of kinds that a configuration can declare: the built-in ones, and those that plugins add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cameras import ALIASES as CAMERA_ALIASES
from cameras import CAMERAS, PREDICTIONS, Attributes, Camera, Prediction
from transforms import ALIASES as TRANSFORM_ALIASES
from transforms import TRANSFORMS, Transform
from vision import RUNTIMES, VISION_SERVICES, Runtime, VisionService

from ...producers import PRODUCERS, DeclaredProducer

KIND_NAMES = {
    "cameras": "camera",
    "transforms": "transform",
    "vision": "vision service",
    "runtimes": "runtime",
    "predictions": "prediction",
}
"""The name of one kind, by table, for messages."""


@dataclass(frozen=True)
class PluginKind:
    """A kind that a plugin adds.

    Attributes:
        table: The table that it belongs to, such as ``transforms``.
        name: Its key in that table.
        error: Why it cannot be used; empty if it can.
    """

    table: str
    name: str
    error: str = ""

    def __str__(self) -> str:
        return f"{KIND_NAMES.get(self.table, self.table)} {self.name}"


@dataclass(frozen=True)
class Plugin:
    """An installed package that adds kinds, or a Python file beside the configuration.

    Attributes:
        name: The name of the package, or the path of the file as in the configuration.
        version: The version of the package; ``None`` for a file.
        kinds: The kinds that it adds, usable or not.
    """

    name: str
    version: str | None = None
    kinds: tuple[PluginKind, ...] = ()

    def __str__(self) -> str:
        return f"file {self.name}" if self.version is None else f"package {self.name} {self.version}"


@dataclass(frozen=True, eq=False)
class Tables:
    """The kinds that can be declared.

    Attributes:
        cameras: Kinds of cameras that are opened and read, by ``model``.
        producers: Kinds of cameras whose frames come in other ways, such as transform cameras, by ``model``.
        camera_aliases: Name of either kind by alias, such as the name it has in another program.
        transforms: Kinds of transforms by ``type``.
        transform_aliases: Kind of transform by alias.
        vision: Kinds of vision services by ``model``.
        runtimes: Kinds of models by ``model``.
        predictions: Kinds of predictions by plural. Clients request them; a configuration does not declare them.
        plugins: All plugins found, including those whose kinds cannot be used.
        without_files: The same tables without the kinds of plugin files; ``None`` if no plugin file was run.
        files: The plugin files that were run, as the configuration lists them.
    """

    cameras: Mapping[str, type[Camera[Any]]]
    producers: Mapping[str, type[DeclaredProducer]]
    camera_aliases: Mapping[str, str]
    transforms: Mapping[str, type[Transform[Any]]]
    transform_aliases: Mapping[str, str]
    vision: Mapping[str, type[VisionService[Any]]]
    runtimes: Mapping[str, type[Runtime]]
    predictions: Mapping[str, type[Prediction]]
    plugins: tuple[Plugin, ...] = ()
    without_files: Tables | None = None
    files: tuple[str, ...] = ()

    @property
    def camera_models(self) -> dict[str, type[Attributes]]:
        """The type of the attributes for every ``model`` of a camera."""
        kinds: dict[str, type[Camera[Any]] | type[DeclaredProducer]] = {**self.cameras, **self.producers}
        return {model: kind.attributes_type for model, kind in kinds.items()}

    def refused(self, table: str) -> dict[str, str]:
        """Return an error message for each name that a configuration cannot use because of a plugin.

        That includes a name claimed by two kinds, even a built-in one: choosing either could be wrong.

        Args:
            table: The table, such as ``transforms``.
        """
        return {
            kind.name: f'"{kind.name}" of {plugin} cannot be used: {kind.error}'
            for plugin in self.plugins
            for kind in plugin.kinds
            if kind.table == table and kind.error
        }

    def errors(self) -> Iterator[str]:
        """Yield one message for each kind of a plugin that cannot be used."""
        for plugin in self.plugins:
            for kind in plugin.kinds:
                if kind.error:
                    yield f"{plugin}: {kind}: {kind.error}"


BUILT_IN = Tables(
    cameras=CAMERAS,
    producers=PRODUCERS,
    camera_aliases=CAMERA_ALIASES,
    transforms=TRANSFORMS,
    transform_aliases=TRANSFORM_ALIASES,
    vision=VISION_SERVICES,
    runtimes=RUNTIMES,
    predictions=PREDICTIONS,
)
