"""Changing attributes of a transform in a configuration that was read."""

from pathlib import Path

import pytest

from pipeline import Config, ConfigError, TransformAttributes, parse, with_attributes

TEXT = """\
cameras:
  - {name: scene, model: test_pattern}
  - name: seen
    model: transform
    attributes:
      source: scene
      pipeline:
        - {type: rotate, attributes: {angle_degs: 90}}
        - type: detections
          attributes: {detector_name: red, valid_labels: [red]}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
"""


@pytest.fixture
def config() -> Config:
    return parse(TEXT, "cameras.yaml", Path())


def pipeline(config: Config) -> TransformAttributes:
    attributes = config.cameras["seen"].attributes
    assert isinstance(attributes, TransformAttributes)
    return attributes


def test_only_that_transform_changes(config: Config) -> None:
    changed = with_attributes(config, "seen", 0, {"angle_degs": 45})
    assert pipeline(changed).pipeline[0].attributes.angle_degs == 45.0  # type: ignore[attr-defined]
    assert pipeline(changed).pipeline[1] is pipeline(config).pipeline[1]
    assert changed.cameras["scene"] is config.cameras["scene"]
    assert pipeline(config).pipeline[0].attributes.angle_degs == 90.0  # type: ignore[attr-defined]


def test_the_result_equals_a_file_that_says_so(config: Config) -> None:
    changed = with_attributes(config, "seen", 1, {"valid_labels": ["red", "blue"], "confidence_threshold": 0.25})
    text = TEXT.replace("[red]", "[red, blue], confidence_threshold: 0.25")
    assert changed == parse(text, "cameras.yaml", Path())


def test_null_goes_back_to_the_default(config: Config) -> None:
    changed = with_attributes(config, "seen", 1, {"valid_labels": None})
    assert pipeline(changed).pipeline[1].attributes.valid_labels == ()  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="detector_name: is missing"):
        with_attributes(config, "seen", 1, {"detector_name": None})


def test_every_problem_has_the_place_of_the_transform(config: Config) -> None:
    with pytest.raises(ConfigError) as refused:
        with_attributes(config, "seen", 1, {"confidence_threshold": "high", "detector_name": "rad", "x": 1})
    assert [(each.line, each.path.rpartition(".")[2]) for each in refused.value.problems] == [
        (9, "confidence_threshold"),
        (9, "x"),
        (9, "detector_name"),
    ]
    assert 'did you mean "red"' in str(refused.value)


def test_there_must_be_such_a_transform(config: Config) -> None:
    for camera, index in (("scene", 0), ("seen", 2), ("seen", -1)):
        with pytest.raises(LookupError):
            with_attributes(config, camera, index, {})
