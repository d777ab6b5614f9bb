"""The kinds of things a configuration may name: the tables of the other rooms, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cameras import ALIASES as CAMERA_ALIASES
from cameras import CAMERAS, Camera
from transforms import ALIASES as TRANSFORM_ALIASES
from transforms import TRANSFORMS, Transform
from vision import RUNTIMES, VISION, Runtime, VisionService


@dataclass(frozen=True, eq=False)
class Tables:
    """What can be declared.

    Attributes:
        cameras: Kinds of sources by ``model``.
        camera_aliases: Other words for those, as other programs call them.
        transforms: Kinds of transforms by ``type``.
        transform_aliases: Other words for those.
        vision: Kinds of vision services by ``model``.
        runtimes: Kinds of models by ``model``.
    """

    cameras: Mapping[str, type[Camera[Any]]]
    camera_aliases: Mapping[str, str]
    transforms: Mapping[str, type[Transform[Any]]]
    transform_aliases: Mapping[str, str]
    vision: Mapping[str, type[VisionService[Any]]]
    runtimes: Mapping[str, type[Runtime]]


BUILT_IN = Tables(CAMERAS, CAMERA_ALIASES, TRANSFORMS, TRANSFORM_ALIASES, VISION, RUNTIMES)
