"""Building the cameras and vision services of a configuration, from the kinds it was read with."""

from __future__ import annotations

from typing import Any

from cameras import Attributes, Camera
from vision import VisionService, build_services

from ..camera_config import CameraConfig
from .declarations import Config, Tables


def make_camera(camera: CameraConfig, tables: Tables, *, paced: bool = True) -> Camera[Attributes]:
    """Return a declared camera, not yet opened.

    Args:
        camera: The declaration of a camera whose model is in ``Tables.cameras``.
        tables: The kinds it was read with, ``Config.tables``.
        paced: Whether it delivers frames in real time, or as fast as they are read.
    """
    return tables.cameras[camera.model](camera.name, camera.attributes, paced=paced)


def make_services(config: Config) -> dict[str, VisionService[Any]]:
    """Return the vision services of a configuration by name, in the order of the file. Loads no model."""
    tables = config.tables
    return build_services(tuple(config.services.values()), tables.vision, tables.runtimes, tables.predictions)
