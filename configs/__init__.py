"""Pipelines that run as they are, each key explained, with the small models that this project trained."""

from importlib.resources import files
from pathlib import Path

__all__ = ["DEMO"]

DEMO = Path(str(files(__name__).joinpath("demo.yaml")))
"""What ``camweave serve`` serves when it is given no configuration."""
