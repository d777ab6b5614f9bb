"""The difference between two configurations, from their declarations."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import fontpkg
import pytest

from cameras import Attributes, LocalPath
from pipeline import BUILT_IN, Changes, Difference, files_of, parse
from pipeline.changes import changes_between
from tests.pipeline.builders import config
from tests.vision.onnx_models import outside
from transforms.identity import Identity

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
    found = changed(TEXT.replace("model: test_pattern", "model: test_pattern, attributes: {width_px: 64}"))
    assert found == Changes(Difference(changed=("scene",), unchanged=("cut", "seen")), SERVICES, ("scene",))


@pytest.mark.parametrize(
    "setting",
    ["linger_s: 3", "preload: true", "private: true", "stream: {bitrate: 300000}", "style: {line_width_px: 9}"],
)
def test_a_setting_of_the_feed_needs_no_other_producer(setting: str) -> None:
    found = changed(TEXT.replace("model: test_pattern", f"model: test_pattern, {setting}"))
    assert found == Changes(Difference(changed=("scene",), unchanged=("cut", "seen")), SERVICES)


@pytest.mark.parametrize(
    ("old", "new", "exchanged"),
    [
        ("detector_name: red", "detector_name: red, confidence_threshold: 0.5", True),
        ("detector_name: red", "detector_name: red, valid_labels: [red]", True),
        ("detector_name: red", "detector_name: red, max_age_s: 1.0", True),
        ("detector_name: red", "detector_name: blue", False),
        ("detector_name: red", "detector_name: red, mode: latest", False),
        ("detector_name: red}}", "detector_name: red}}, {type: flip}", False),
        ("source: scene", "intrinsic_parameters: LENS, source: scene", True),
    ],
)
def test_attributes_that_a_running_line_exchanges_need_no_other_producer(old: str, new: str, exchanged: bool) -> None:
    lens = "{width_px: 8, height_px: 6, fx: 5, fy: 5, ppx: 4, ppy: 3}"
    found = changed(TEXT.replace(old, new.replace("LENS", lens), 1))
    assert found.cameras.changed == ("seen",)
    assert (found.replaced, found.exchanged) == (((), ("seen",)) if exchanged else (("seen",), ()))


def test_a_default_that_is_written_out_changes_nothing() -> None:
    text = TEXT.replace("detector_name: red", "detector_name: red, confidence_threshold: 0.0, mode: auto, delay_s: 0.5")
    assert changed(text.replace("test_pattern", "test_pattern, private: false")).cameras.changed == ()


def test_a_camera_changes_with_a_service_that_it_uses() -> None:
    found = changed(TEXT.replace("#ff0000", "#ff2000"))
    assert found.services == Difference(changed=("red",), unchanged=("blue",))
    assert found.cameras == Difference(changed=("seen",), unchanged=("cut", "scene"))
    assert found.replaced == ("seen",)
    assert changed(TEXT.replace("#0000ff", "#2000ff")).cameras.changed == ()


FILES = """
    cameras:
      - {name: scene, model: image_file, attributes: {path: scene.png}}
      - name: seen
        model: transform
        attributes: {source: scene, pipeline: [{type: detections, attributes: {detector_name: first}}]}
    services:
      - {name: first, type: vision, model: mlmodel, attributes: {model_path: one.tflite, label_path: one.txt}}
      - {name: second, type: vision, model: mlmodel, attributes: {mlmodel_name: two}}
      - {name: two, type: mlmodel, model: tflite_cpu, attributes: {model_path: two.tflite, label_path: two.txt}}
"""


@pytest.mark.parametrize(
    ("name", "services", "cameras"),
    [
        ("one.tflite", ("first",), ("seen",)),
        ("one.txt", ("first",), ("seen",)),
        ("two.tflite", ("second",), ()),
        ("two.txt", ("second",), ()),
        ("scene.png", (), ()),
    ],
)
def test_a_file_that_is_replaced_changes_the_services_that_name_it(
    tmp_path: Path, name: str, services: tuple[str, ...], cameras: tuple[str, ...]
) -> None:
    for each in ("one.tflite", "one.txt", "two.tflite", "two.txt", "scene.png"):
        (tmp_path / each).write_text(each)
    old = config(FILES, tmp_path)
    assert files_of(old) == tuple(tmp_path / each for each in ("one.tflite", "one.txt", "two.tflite", "two.txt"))
    assert changes_between(old, config(FILES, tmp_path)).services.changed == ()
    (tmp_path / "new").write_text("others")
    os.replace(tmp_path / "new", tmp_path / name)
    found = changes_between(old, config(FILES, tmp_path))
    assert (found.services.changed, found.cameras.changed, found.replaced) == (services, cameras, cameras)
    assert changes_between(old, replace(old)).services.changed == (), "what was read before is not read again"


def test_weights_that_are_replaced_change_the_services_of_their_model(tmp_path: Path) -> None:
    text = FILES.replace("one.tflite", "one.onnx").replace("two.tflite", "two.onnx").replace("tflite_cpu", "onnx")
    (tmp_path / "one.onnx").write_bytes(outside("one.data"))
    (tmp_path / "two.onnx").write_bytes(outside("two.data"))
    for each in ("one.txt", "two.txt", "one.data", "two.data", "scene.png"):
        (tmp_path / each).write_text(each)
    old = config(text, tmp_path)
    assert {tmp_path / "one.data", tmp_path / "two.data"} <= set(files_of(old))
    for name, service in (("one.data", "first"), ("two.data", "second")):
        (tmp_path / name).write_text("trained again")
        new = config(text, tmp_path)
        assert changes_between(old, new).services.changed == (service,)
        old = new


def test_a_font_that_is_replaced_changes_what_is_painted_with_it_and_no_producer(tmp_path: Path) -> None:
    text = TEXT.replace("name: scene,", "name: scene, style: {font: own.ttf},")
    text = text.replace("{type: identity}", "{type: paint, attributes: {style: {font: other.ttf}}}")
    for name in ("own.ttf", "other.ttf"):
        shutil.copy(fontpkg.path("Noto Sans Thai", nearest=True), tmp_path / name)
    old = config(text, tmp_path)
    assert files_of(old) == (tmp_path / "other.ttf", tmp_path / "own.ttf")
    for name, changed, replaced in (("own.ttf", ("scene",), ()), ("other.ttf", ("cut",), ("cut",))):
        shutil.copy(fontpkg.path("Noto Sans", nearest=True), tmp_path / "new.ttf")
        os.replace(tmp_path / "new.ttf", tmp_path / name)
        new = config(text, tmp_path)
        found = changes_between(old, new)
        assert (found.cameras.changed, found.replaced) == (changed, replaced)
        old = new


class MaskAttributes(Attributes):
    """Attributes of a transform that names a file."""

    mask: LocalPath


class Masked(Identity):
    """A transform of a plugin that reads a file."""

    attributes_type = MaskAttributes  # type: ignore[assignment]


def test_a_file_that_is_replaced_changes_the_cameras_whose_transforms_name_it(tmp_path: Path) -> None:
    text = TEXT.replace("{type: identity}", "{type: identity, attributes: {mask: mask.png}}")
    tables = replace(BUILT_IN, transforms={**BUILT_IN.transforms, "identity": Masked})
    (tmp_path / "mask.png").write_text("one")
    old = parse(dedent(text), "test.yaml", tmp_path, tables=tables)
    (tmp_path / "mask.png").write_text("another")
    found = changes_between(old, parse(dedent(text), "test.yaml", tmp_path, tables=tables))
    assert (found.cameras.changed, found.replaced) == (("cut",), ("cut",))


def test_a_renamed_camera_is_removed_and_added() -> None:
    found = changed(TEXT.replace("name: cut", "name: part").replace("name: blue", "name: azure"))
    assert found.cameras == Difference(added=("part",), removed=("cut",), unchanged=("seen", "scene"))
    assert found.services == Difference(added=("azure",), removed=("blue",), unchanged=("red",))


def test_another_order_changes_nothing() -> None:
    lines = TEXT.rstrip().splitlines()
    lines[-2:] = reversed(lines[-2:])
    assert changed("\n".join(lines)).services == Difference(unchanged=("blue", "red"))


@pytest.mark.parametrize(
    ("table", "kind", "cameras", "services"),
    [
        ("transforms", "identity", ("cut",), ()),
        ("cameras", "test_pattern", ("scene",), ()),
        ("producers", "transform", ("cut", "seen"), ()),
        ("vision", "color_detector", ("seen",), ("red", "blue")),
        ("transforms", "crop", (), ()),
    ],
)
def test_only_what_is_made_of_another_kind_changes(
    table: str, kind: str, cameras: tuple[str, ...], services: tuple[str, ...]
) -> None:
    old = config(TEXT)
    kinds: dict[str, Any] = dict(getattr(BUILT_IN, table))
    kinds[kind] = type("Reloaded", (kinds[kind],), {})
    tables: Any = {table: kinds}
    found = changes_between(old, replace(old, tables=replace(BUILT_IN, **tables)))
    assert (found.cameras.changed, found.services.changed, found.replaced) == (cameras, services, cameras)
