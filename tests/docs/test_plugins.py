"""The plugin that docs/plugins.md shows works as it stands there."""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import Chain, load
from pipeline.config.plugins.kinds import BASES
from pipeline.config.plugins.packages import PREFIX
from tests.transforms.pictures import bgr

from .documents import blocks, table


@pytest.fixture
def module() -> Iterator[None]:
    yield
    sys.modules.pop("my_transforms", None)


def shown(language: str) -> str:
    (text,) = (text for name, text in blocks(language) if name.startswith("docs/plugins.md"))
    return text


def test_the_file_and_its_configuration_run(tmp_path: Path, module: None) -> None:
    (tmp_path / "my_transforms.py").write_text(shown("python"))
    (tmp_path / "my.yaml").write_text(shown("yaml"))
    chain = Chain(load(tmp_path / "my.yaml", run_plugins=True), "bright")
    chain.open()
    (out,) = chain.apply(bgr(32, 24))
    chain.close()
    assert (out.image == bgr(32, 24).image.clip(None, 195) + 60).all()


def test_the_groups_of_entry_points_are_those_that_are_read() -> None:
    rows = table("plugins.md", "group")
    assert [*rows] == [f"{PREFIX}{name}" for name in BASES]
    for base, row in zip(BASES.values(), rows.values(), strict=True):
        assert f"`{base.__module__.partition('.')[0]}.{base.__name__}`" in row
    assert {*tomllib.loads(shown("toml"))["project"]["entry-points"]} <= {*rows}
