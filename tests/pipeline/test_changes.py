"""The difference between two configurations, from their declarations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline import BUILT_IN, Changes, Difference
from pipeline.changes import changes_between
from tests.pipeline.builders import config

TEXT = """
    cameras:
      - name: cut
        model: transform
        attributes: {source: seen, pipeline: [{type: identity}]}
      - name: seen
        model: transform
        attributes: {source: scene, pipeline: [{type: detections, attributes: {detector_name: red}}]}
      - {name: scene, model: test_pattern}
    services:
      - {name: red, type: vision, model: color_detector, attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1}}
      - {name: blue, type: vision, model: color_detector, attributes: {detect_color: "#0000ff", hue_tolerance_pct: 0.1}}
"""
SERVICES = Difference(unchanged=("red", "blue"))


def changed(text: str) -> Changes:
    return changes_between(config(TEXT), config(text))


def test_the_same_text_changes_nothing() -> None:
    assert changed(TEXT) == Changes(Difference(unchanged=("cut", "seen", "scene")), SERVICES)


def test_a_camera_changes_with_its_declaration_but_not_with_its_source() -> None:
    found = changed(TEXT.replace("model: test_pattern", "model: test_pattern, linger_s: 3"))
    assert found == Changes(Difference(changed=("scene",), unchanged=("cut", "seen")), SERVICES)


def test_a_camera_changes_with_a_service_that_it_uses() -> None:
    found = changed(TEXT.replace("#ff0000", "#ff2000"))
    assert found.services == Difference(changed=("red",), unchanged=("blue",))
    assert found.cameras == Difference(changed=("seen",), unchanged=("cut", "scene"))
    assert changed(TEXT.replace("#0000ff", "#2000ff")).cameras.changed == ()


def test_a_renamed_camera_is_removed_and_added() -> None:
    found = changed(TEXT.replace("name: cut", "name: part").replace("name: blue", "name: azure"))
    assert found.cameras == Difference(added=("part",), removed=("cut",), unchanged=("seen", "scene"))
    assert found.services == Difference(added=("azure",), removed=("blue",), unchanged=("red",))


def test_another_order_changes_nothing() -> None:
    lines = TEXT.rstrip().splitlines()
    lines[-2:] = reversed(lines[-2:])
    assert changed("\n".join(lines)).services == Difference(unchanged=("blue", "red"))


def test_everything_changes_with_other_tables_of_kinds() -> None:
    old = config(TEXT, Path())
    found = changes_between(old, replace(old, tables=replace(BUILT_IN)))
    assert found == Changes(Difference(changed=("cut", "seen", "scene")), Difference(changed=("red", "blue")))
