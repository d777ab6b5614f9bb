"""Building the cameras, transforms and vision services of a configuration, from the kinds it was read with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cameras import Attributes, Camera
from transforms import Transform
from vision import VisionService, build_services

from .declarations import CameraConfig, Config, Tables, TransformAttributes


def make_camera(camera: CameraConfig, tables: Tables, *, paced: bool = True) -> Camera[Attributes]:
    """Return a declared camera, not yet opened.

    Args:
        camera: The declaration of a camera that is not a transform camera.
        tables: The kinds it was read with, ``Config.tables``.
        paced: Whether it delivers frames in real time, or as fast as they are read.
    """
    return tables.cameras[camera.model](camera.name, camera.attributes, paced=paced)


def make_transforms(
    declared: TransformAttributes, services: Mapping[str, VisionService[Any]], tables: Tables
) -> tuple[Transform[Attributes], ...]:
    """Return the transforms of a transform camera, not yet opened.

    Args:
        declared: The attributes of the transform camera.
        services: The vision services of the configuration by name, from :func:`make_services`.
        tables: The kinds it was read with, ``Config.tables``.
    """
    return tuple(tables.transforms[entry.type](entry.attributes, services) for entry in declared.pipeline)


def make_services(config: Config) -> dict[str, VisionService[Any]]:
    """Return the vision services of a configuration by name, in the order of the file. Loads no model."""
    tables = config.tables
    return build_services(tuple(config.services.values()), tables.vision, tables.runtimes, tables.predictions)
