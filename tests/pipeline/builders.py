"""Short ways to make what the pipeline is made of."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from pipeline import CameraConfig, Config, parse
from tests.fakes import NoAttributes


def config(text: str, folder: Path = Path()) -> Config:
    """Return the configuration that a YAML text declares."""
    return parse(dedent(text), "test.yaml", folder)


def camera_config(name: str, *, preload: bool = False) -> CameraConfig:
    """Return the declaration of a camera of that name, for a graph node that is given its camera by the test."""
    return CameraConfig(name=name, model="test_pattern", attributes=NoAttributes(), preload=preload)
