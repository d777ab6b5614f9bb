"""Building the cameras and vision services of a configuration, from the kinds it was read with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cameras import Attributes, Camera
from vision import VisionService, build_services

from ..camera_config import CameraConfig
from ..producers import bug_message
from .declarations import Config, Tables
from .nodes import ConfigError


def make_camera(camera: CameraConfig, tables: Tables, *, paced: bool = True) -> Camera[Attributes]:
    """Return a declared camera, not yet opened.

    Args:
        camera: The declaration of a camera whose model is in ``Tables.cameras``.
        tables: The kinds it was read with, ``Config.tables``.
        paced: Whether it delivers frames in real time, or as fast as they are read.
    """
    return tables.cameras[camera.model](camera.name, camera.attributes, paced=paced)


def make_services(config: Config) -> dict[str, VisionService[Any]]:
    """Return the vision services of a configuration by name, in the order of the file. Loads no model.

    Raises:
        ConfigError: when a service, perhaps of a plugin, cannot be constructed.
    """
    tables = config.tables
    services: dict[str, VisionService[Any]] = {}
    for name, declared in config.services.items():
        with constructing(config, "services", name):
            services |= build_services((declared,), tables.vision, tables.runtimes, tables.predictions)
    return services


@contextmanager
def constructing(config: Config, section: str, name: str) -> Iterator[None]:
    """Report an exception of the block, which constructs an entry of a section, at the entry.

    Raises:
        ConfigError: for any exception.
    """
    try:
        yield
    except Exception as error:
        raise ConfigError([config.problem((section, name), f"cannot be constructed: {bug_message(error)}")]) from error
