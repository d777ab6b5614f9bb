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


def test_missing_depth_is_reported_at_the_transform() -> None:
    message = 'needs depth: camera "scene", the root of its sources, has depth: false'
    assert declared() == [
        f"test.yaml:9:43: cameras[2].attributes.pipeline[1].type: depth_to_pretty {message}",
        f"test.yaml:9:68: cameras[2].attributes.pipeline[2].type: overlay {message}",
    ]


def test_available_depth_is_accepted() -> None:
    assert declared(depth="depth: true") == []


def test_a_camera_without_a_depth_attribute_is_accepted() -> None:
    assert not any("depth:" in problem for problem in declared(model="stream", depth="url: 'rtsp://somewhere/depth'"))


LENSES = """
cameras:
  - {{name: scene, model: {model}}}
  - name: bent
    model: transform
    attributes: {{source: scene, {upstream} pipeline: [{{type: flip}}]}}
  - name: straight
    model: transform
    attributes:
      source: bent
      {camera}
      pipeline: [{{type: undistort, attributes: {{{own}}}}}]
"""
LENS = "intrinsic_parameters: {width_px: 8, height_px: 8, fx: 8, fy: 8, ppx: 4, ppy: 4}"
DISTORTION = "distortion_parameters: {rk1: 0.1}"


def undistorted(model: str = "test_pattern", upstream: str = "", camera: str = "", own: str = "") -> list[str]:
    """Return what is wrong with a camera that straightens the frames of another."""
    try:
        config(LENSES.format(model=model, upstream=upstream and upstream + ",", camera=camera, own=own))
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_missing_lens_is_reported_at_the_transform() -> None:
    remedy = "set them here or on the camera, or use a source that provides them"
    where = "test.yaml:12:25: cameras[2].attributes.pipeline[0].type: undistort needs"
    intrinsics, distortion = (f"{where} {what}: {remedy}" for what in ("intrinsic_parameters", "distortion_parameters"))
    assert undistorted() == [intrinsics, distortion]
    assert undistorted(own=LENS) == [distortion]
    assert undistorted(camera=DISTORTION) == [intrinsics]
    assert undistorted(own=DISTORTION, camera=LENS.replace("8", "0")) == [intrinsics]
    with_depth = undistorted(model="test_pattern, attributes: {depth: true}")
    assert with_depth == [distortion], "the lens of the pattern comes with its depth"


@pytest.mark.parametrize("place", ["upstream", "camera", "own"])
def test_a_lens_declared_upstream_is_accepted(place: str) -> None:
    both = f"{LENS}, {DISTORTION}" if place != "camera" else f"{LENS}\n      {DISTORTION}"
    assert undistorted(**{place: both}) == []


def test_overlay_needs_a_lens_too() -> None:
    (problem,) = declared(model="stream", depth="url: 'rtsp://somewhere/depth'")
    assert problem.startswith("test.yaml:9:68: cameras[2].attributes.pipeline[2].type: overlay needs intrinsic_param")


@pytest.mark.parametrize("source", ["nobody", "shown"])
def test_a_missing_source_is_reported_once(source: str) -> None:
    (problem,) = declared(source=source)
    assert "depth" not in problem.split(": ", 2)[2]


def chained(count: int, order: int = 1) -> str:
    """Return a chain of so many cameras, in the order of the chain or the reverse."""
    pipeline = "pipeline: [{type: identity}]"
    lines = ["  - {name: c0, model: test_pattern}"]
    for number in range(1, count):
        lines.append(f"  - {{name: c{number}, model: transform, attributes: {{source: c{number - 1}, {pipeline}}}}}")
    return "\n".join(["cameras:", *lines[::order]]) + "\n"


@pytest.mark.parametrize("order", [1, -1])
def test_a_chain_has_an_end(order: int) -> None:
    assert len(config(chained(100, order)).cameras) == 100
    with pytest.raises(ConfigError) as refused:
        config(chained(300, order))
    [problem] = refused.value.problems
    place = 100 if order == 1 else 199
    assert f"cameras[{place}].attributes.source: a chain may have at most 100 cameras; this is one more" in str(problem)


def test_a_chain_behind_a_cycle_is_reported_as_the_cycle_only() -> None:
    with pytest.raises(ConfigError) as refused:
        config(
            chained(150).replace(
                "{name: c0, model: test_pattern}",
                "{name: c0, model: transform, attributes: {source: c1, pipeline: [{type: identity}]}}",
            )
        )
    [problem] = refused.value.problems
    assert "in a cycle: c0 -> c1 -> c0" in str(problem)
