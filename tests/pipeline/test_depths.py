from __future__ import annotations

import pytest

from pipeline import ConfigError
from tests.pipeline.builders import config

CHAIN = """
cameras:
  - {{name: scene, model: {model}, attributes: {{{depth}}}}}
  - {{name: turned, model: transform, attributes: {{source: {source}, pipeline: [{{type: rotate}}]}}}}
  - name: shown
    model: transform
    attributes:
      source: turned
      pipeline: [{{type: identity}}, {{type: depth_to_pretty}}, {{type: overlay}}]
"""


def declared(model: str = "test_pattern", depth: str = "", source: str = "scene") -> list[str]:
    """Return what is wrong with the chain."""
    try:
        config(CHAIN.format(model=model, depth=depth, source=source))
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_depth_that_nobody_gives_is_told_where_it_is_asked_for() -> None:
    said = 'needs depth: camera "scene", where its frames begin, has depth: false'
    assert declared() == [
        f"test.yaml:9:43: cameras[2].attributes.pipeline[1].type: depth_to_pretty {said}",
        f"test.yaml:9:68: cameras[2].attributes.pipeline[2].type: overlay {said}",
    ]


def test_where_it_is_given_all_is_well() -> None:
    assert declared(depth="depth: true") == []


def test_of_a_camera_that_cannot_be_asked_nothing_is_said() -> None:
    assert declared(model="stream", depth="url: 'rtsp://somewhere/depth'") == []


@pytest.mark.parametrize("source", ["nobody", "shown"])
def test_a_broken_chain_is_told_once(source: str) -> None:
    (problem,) = declared(source=source)
    assert "depth" not in problem.split(": ", 2)[2]
