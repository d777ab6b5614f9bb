"""The configurations that come with the program do what they show."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipeline import load
from pipeline.config.nodes import Problems, plain, read_yaml
from pipeline.config.schema import schema

FOLDER = Path(__file__).parents[1] / "configs"
CONFIGS = sorted(FOLDER.rglob("*.yaml"))
MACHINES = [FOLDER / "viam-machine.json"]


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def test_there_is_a_demo() -> None:
    assert FOLDER / "demo.yaml" in CONFIGS


@pytest.mark.parametrize("path", [*CONFIGS, *MACHINES], ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_shipped_configuration_is_valid(path: Path) -> None:
    config = load(path)
    assert config.cameras or config.services


@pytest.mark.parametrize("path", CONFIGS, ids=[str(path.relative_to(FOLDER)) for path in CONFIGS])
def test_a_shipped_configuration_fits_the_schema(path: Path) -> None:
    root = read_yaml(path.read_text(encoding="utf-8"), Problems(str(path)), {})
    assert root is not None
    assert [error.message for error in validator().iter_errors(plain(root))] == []
