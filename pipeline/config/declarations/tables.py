"""The kinds that a configuration may declare: the tables of the other rooms, together, and what plugins add to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cameras import ALIASES as CAMERA_ALIASES
from cameras import CAMERAS, PREDICTIONS, Camera, Prediction
from transforms import ALIASES as TRANSFORM_ALIASES
from transforms import TRANSFORMS, Transform
from vision import RUNTIMES, VISION_SERVICES, Runtime, VisionService

WORDS = {
    "cameras": "camera",
    "transforms": "transform",
    "vision": "vision service",
    "runtimes": "runtime",
    "predictions": "prediction",
}
"""What one entry of each table is called."""


@dataclass(frozen=True)
class PluginKind:
    """A kind that a plugin adds.

    Attributes:
        table: The table that it belongs to: ``transforms``, say.
        name: Its key there.
        trouble: Why it cannot be used; empty when it can.
    """

    table: str
    name: str
    trouble: str = ""

    def __str__(self) -> str:
        return f"{WORDS.get(self.table, self.table)} {self.name}"


@dataclass(frozen=True)
class Plugin:
    """Something that adds kinds: an installed package, or a file beside a configuration.

    Attributes:
        name: The name of the package; the file as the configuration writes it.
        version: The version of the package; ``None`` for a file.
        kinds: What it adds.
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
        cameras: Kinds of sources by ``model``.
        camera_aliases: Other names of them, as other programs use.
        transforms: Kinds of transforms by ``type``.
        transform_aliases: Other names of them.
        vision: Kinds of vision services by ``model``.
        runtimes: Kinds of models by ``model``.
        predictions: Kinds of predictions by their plural; clients request them, the file does not declare them.
        plugins: The plugins whose kinds were added, with the kinds that cannot be used.
        without_files: The same tables without the kinds of files beside a configuration; ``None`` when there are none.
    """

    cameras: Mapping[str, type[Camera[Any]]]
    camera_aliases: Mapping[str, str]
    transforms: Mapping[str, type[Transform[Any]]]
    transform_aliases: Mapping[str, str]
    vision: Mapping[str, type[VisionService[Any]]]
    runtimes: Mapping[str, type[Runtime]]
    predictions: Mapping[str, type[Prediction]]
    plugins: tuple[Plugin, ...] = ()
    without_files: Tables | None = None

    def refused(self, table: str) -> dict[str, str]:
        """Return what is wrong with the kinds of plugins that a configuration cannot use, by their names.

        A name that a plugin shares with another kind is among them: whichever of the two were taken, it might be the
        wrong one.

        Args:
            table: The name of the table.
        """
        return {
            kind.name: f'"{kind.name}" of {plugin} cannot be used: {kind.trouble}'
            for plugin in self.plugins
            for kind in plugin.kinds
            if kind.table == table and kind.trouble
        }

    def troubles(self) -> Iterator[str]:
        """Yield a sentence for each kind of a plugin that cannot be used."""
        for plugin in self.plugins:
            for kind in plugin.kinds:
                if kind.trouble:
                    yield f"{plugin}: {kind}: {kind.trouble}"


BUILT_IN = Tables(CAMERAS, CAMERA_ALIASES, TRANSFORMS, TRANSFORM_ALIASES, VISION_SERVICES, RUNTIMES, PREDICTIONS)
