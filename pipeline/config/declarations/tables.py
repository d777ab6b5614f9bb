"""The kinds that a configuration may declare: the tables of the other rooms, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cameras import ALIASES as CAMERA_ALIASES
from cameras import CAMERAS, PREDICTIONS, Camera, Prediction
from transforms import ALIASES as TRANSFORM_ALIASES
from transforms import TRANSFORMS, Transform
from vision import RUNTIMES, VISION_SERVICES, Runtime, VisionService


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
    """

    cameras: Mapping[str, type[Camera[Any]]]
    camera_aliases: Mapping[str, str]
    transforms: Mapping[str, type[Transform[Any]]]
    transform_aliases: Mapping[str, str]
    vision: Mapping[str, type[VisionService[Any]]]
    runtimes: Mapping[str, type[Runtime]]
    predictions: Mapping[str, type[Prediction]]


BUILT_IN = Tables(CAMERAS, CAMERA_ALIASES, TRANSFORMS, TRANSFORM_ALIASES, VISION_SERVICES, RUNTIMES, PREDICTIONS)
