from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from cameras import Attributes
from pipeline import Config, ConfigError, TransformAttributes, load, parse
from pipeline.config.viam.packages import package_folders

from ..texts import VIAM, files, problems_of, read


def test_a_machine_file_is_read_and_unknown_parts_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        config = read(VIAM, files(tmp_path), "robot.json")
    assert {camera.name: camera.model for camera in config.cameras.values()} == {"cam": "stream", "view": "transform"}
    assert config.services["coco"].runtime is not None
    assert config.server.port == 1
    assert sorted(caplog.messages) == [
        'robot.json:11: key "modules" is not supported; skipped',
        'robot.json:3: resource "arm" of type "arm" is not supported; skipped',
        'robot.json:4: camera "real" of model "viam:camera:realsense" is not supported; skipped',
        'robot.json:5: key "frame" is not supported; skipped',
    ]


def test_the_attributes_in_a_machine_file_are_strict(tmp_path: Path) -> None:
    folder = files(tmp_path)
    assert problems_of(VIAM.replace('"url": "x"', '"url": 5'), folder, "robot.json") == [
        "robot.json:2:103: components[0].attributes.url: must be text, got 5"
    ]
    assert problems_of('{"components": [5]}', folder, "robot.json") == [
        "robot.json:1:17: components[0]: must be a mapping, got a number"
    ]


def test_a_missing_extra_is_reported_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {viam: {port: 0}}\n"
    assert read(text).server.viam is not None
    monkeypatch.setattr("pipeline.config.declarations.server.find_spec", lambda name: None)
    assert problems_of(text) == [
        "pipeline.yaml:3:16: server.viam: "
        'needs the extra "viam", which is not installed; install it with: pip install "camweave[viam]"'
    ]
    assert read(text.replace("{port: 0}", "null")).server.viam is None


def machine(folder: Path, *resources: dict[str, Any], **more: Any) -> Config:
    """Read a machine file of these resources: services have an ``api``, all others are cameras."""
    services = [resource for resource in resources if "api" in resource]
    cameras = [{"type": "camera", "namespace": "rdk", **resource} for resource in resources if "api" not in resource]
    return parse(json.dumps({"components": cameras, "services": services, **more}), "robot.json", folder)


def one_camera(folder: Path, model: str, **attributes: Any) -> tuple[str, Attributes]:
    camera = machine(folder, {"name": "a", "model": model, "attributes": attributes}).cameras["a"]
    return camera.model, camera.attributes


@pytest.mark.parametrize("prefix", ["", "rdk:builtin:"])
def test_viam_cameras_become_cameras_of_this_program(tmp_path: Path, prefix: str) -> None:
    for name in ("clip.mp4", "color.png", "depth.png"):
        (tmp_path / name).touch()
    for model, theirs, ours, expected in (
        ("fake", {"width": 640, "height": 480, "animated": True}, "test_pattern", {"width_px": 640, "height_px": 480}),
        ("fake", {"width": 0}, "test_pattern", {"width_px": 1280}),
        (
            "webcam",
            {"video_path": "video0", "width_px": 640, "format": "", "frame_rate": 0, "debug": False},
            "webcam",
            {"video_path": "/dev/video0", "width_px": 640, "format": None, "frame_rate": None},
        ),
        ("webcam", {"video_path": ""}, "webcam", {"video_path": None}),
        ("ffmpeg", {"video_path": "rtsp://camera.local/a"}, "stream", {"url": "rtsp://camera.local/a"}),
        ("ffmpeg", {"video_path": "/dev/video2"}, "webcam", {"video_path": "/dev/video2"}),
        ("ffmpeg", {"video_path": "clip.mp4"}, "video_file", {"path": tmp_path / "clip.mp4", "loop": True}),
        (
            "image_file",
            {"color_image_file_path": "color.png", "depth_image_file_path": ""},
            "image_file",
            {"path": tmp_path / "color.png", "depth": False},
        ),
        (
            "image_file",
            {"depth_image_file_path": "depth.png"},
            "image_file",
            {"path": tmp_path / "depth.png", "depth": True},
        ),
    ):
        got, attributes = one_camera(tmp_path, prefix + model, **theirs)
        assert got == ours
        assert {key: getattr(attributes, key) for key in expected} == expected


def test_attributes_without_effect_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one_camera(tmp_path, "fake", animated=True)
    one_camera(tmp_path, "webcam", intrinsic_parameters={"width_px": 1}, debug=True)
    assert caplog.messages == [
        'robot.json:1: attribute "animated" has no effect on test_pattern; skipped',
        'robot.json:1: attribute "intrinsic_parameters" has no effect on webcam; skipped',
        'robot.json:1: attribute "debug" has no effect on webcam; skipped',
    ]


def test_a_camera_accepts_keys_that_viam_lacks(tmp_path: Path) -> None:
    config = machine(tmp_path, {"name": "a", "model": "fake", "private": True, "linger_s": 3})
    assert (config.cameras["a"].private, config.cameras["a"].linger_s) == (True, 3)


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("tflite_cpu", "tflite_cpu"),
        ("rdk:builtin:tflite_cpu", "tflite_cpu"),
        ("viam:mlmodel-tflite:tflite_cpu", "tflite_cpu"),
        ("viam:mlmodel:tflite_cpu", "tflite_cpu"),
        ("viam-labs:mlmodel:onnx-cpu", "onnx"),
    ],
)
@pytest.mark.parametrize("vision", ["mlmodel", "rdk:builtin:mlmodel", "viam:vision:mlmodel"])
def test_a_model_has_several_names(tmp_path: Path, written: str, ours: str, vision: str) -> None:
    (tmp_path / "m.tflite").touch()
    config = machine(
        tmp_path,
        {"name": "eye", "api": "rdk:service:vision", "model": vision, "attributes": {"mlmodel_name": "ml"}},
        {
            "name": "ml",
            "api": "rdk:service:mlmodel",
            "model": written,
            "attributes": {"model_path": "m.tflite", "num_threads": 0, "package_reference": "o/m"},
        },
    )
    runtime = config.services["eye"].runtime
    assert runtime is not None
    assert (runtime.model, runtime.attributes.model_path) == (ours, tmp_path / "m.tflite")


def test_a_viam_color_detector_is_read(tmp_path: Path) -> None:
    attributes = {"detect_color": "#FF0000", "hue_tolerance_pct": 0.06, "segment_size_px": 100}
    red = {"name": "red", "api": "rdk:service:vision", "model": "rdk:builtin:color_detector", "attributes": attributes}
    assert machine(tmp_path, red).services["red"].model == "color_detector"


def test_dependents_of_a_skipped_resource_are_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def line(name: str, source: str, **names: str) -> dict[str, Any]:
        pipeline = [{"type": "detections", "attributes": names}] if names else [{"type": "identity"}]
        return {"name": name, "model": "transform", "attributes": {"source": source, "pipeline": pipeline}}

    config = machine(
        tmp_path,
        line("last", "middle"),
        line("middle", "real"),
        {"name": "real", "model": "viam:camera:realsense", "attributes": {"path": "${environment.NOT_SET}"}},
        {"name": "good", "model": "fake"},
        line("fine", "good"),
        line("seen", "good", detector_name="eye"),
        {"name": "eye", "api": "rdk:service:vision", "model": "mlmodel", "attributes": {"mlmodel_name": "ml"}},
        {"name": "ml", "api": "rdk:service:mlmodel", "model": "acme:mlmodel:torch", "attributes": {}},
        {"name": "far", "api": "rdk:service:vision", "model": "mlmodel", "attributes": {"camera_name": "real"}},
    )
    assert set(config.cameras) == {"good", "fine"}
    assert config.services == {}
    assert sorted(message.removeprefix("robot.json:1: ") for message in caplog.messages) == [
        'camera "last" needs camera "middle"; skipped too',
        'camera "middle" needs camera "real"; skipped too',
        'camera "real" of model "viam:camera:realsense" is not supported; skipped',
        'camera "seen" needs vision "eye"; skipped too',
        'mlmodel "ml" of model "acme:mlmodel:torch" is not supported; skipped',
        'vision "eye" needs mlmodel "ml"; skipped too',
        'vision "far" needs camera "real"; skipped too',
    ]


def test_an_undeclared_name_is_an_error(tmp_path: Path) -> None:
    text = '{"components": [{"name": "a", "type": "camera", "model": "transform", "attributes": %s}]}'
    attributes = '{"source": "nobody", "pipeline": [{"type": "identity"}], "debug": true}'
    assert problems_of(text % attributes, tmp_path, "robot.json") == [
        'robot.json:1:96: components[0].attributes.source: no camera is named "nobody" (known: a)'
    ]


def test_intrinsics_of_a_transform_camera(tmp_path: Path) -> None:
    lens = {"width_px": 4, "height_px": 3, "fx": 1.5, "fy": 1, "ppx": 2, "ppy": 1}
    line = {"source": "a", "pipeline": [{"type": "", "attributes": {}}], "intrinsic_parameters": lens}
    config = machine(tmp_path, {"name": "a", "model": "fake"}, {"name": "b", "model": "transform", "attributes": line})
    attributes = config.cameras["b"].attributes
    assert isinstance(attributes, TransformAttributes)
    assert attributes.intrinsic_parameters is not None
    assert attributes.intrinsic_parameters.fx == 1.5


def model_of_a_package(folder: Path, path: str, **package: str) -> str:
    (folder / "robot.json").write_text(
        json.dumps(
            {
                "components": [],
                "services": [
                    {"name": "eye", "api": "rdk:service:vision", "model": "mlmodel", "attributes": {"model_path": path}}
                ],
                "packages": [package],
            }
        )
    )
    return str(load(folder / "robot.json").services["eye"].attributes.model_path)  # type: ignore[attr-defined]


def test_a_package_beside_the_file_is_found(tmp_path: Path) -> None:
    model = tmp_path / "packages" / "fruit" / "m.tflite"
    model.parent.mkdir(parents=True)
    model.touch()
    for path in ("${packages.ml_model.fruit}/m.tflite", "${packages.fruit}/m.tflite"):
        assert model_of_a_package(tmp_path, path, name="fruit", package="o/fruit", version="1.0") == str(model)


@pytest.mark.parametrize(
    ("place", "version"),
    [
        ("data/ml_model/o-fruit-1_0", "1.0"),
        ("data/ml_model/o-fruit-2024-02-28T13-36-51", "latest"),
        ("fruit", "1.0"),
    ],
)
def test_a_package_downloaded_by_viam_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, version: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / ".viam" / "packages" / place
    folder.mkdir(parents=True)
    (folder / "m.tflite").touch()
    package = {"name": "fruit", "package": "o/fruit", "version": version, "type": "ml_model"}
    assert model_of_a_package(tmp_path, "${packages.ml_model.fruit}/m.tflite", **package) == str(folder / "m.tflite")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    package = {"name": "fruit", "package": "o/fruit", "version": "1.0"}
    with pytest.raises(ConfigError) as raised:
        model_of_a_package(tmp_path, "${packages.fruit}/m.tflite", **package)
    sought = tmp_path / ".viam/packages/data/ml_model/o-fruit-1_0/m.tflite"
    assert raised.value.problems[0].message == f"no such file: {sought}"
    with pytest.raises(ConfigError) as raised:
        model_of_a_package(tmp_path, "${packages.pear}/m.tflite", **package)
    assert raised.value.problems[0].message == "${packages.pear} names a package that is not declared under packages"


@pytest.mark.parametrize(
    "packages", ["5", "[5]", "[{}]", '[{"name": 5}]', '[{"name": "a", "type": 5}]', "{", "[" * 9999]
)
def test_invalid_packages_are_ignored(packages: str) -> None:
    assert set(package_folders('{"packages": ' + packages + "}", Path("/"))) <= {"packages.ml_model.a", "packages.a"}


def test_environment_variables_in_viam_notation_are_expanded(tmp_path: Path) -> None:
    camera = '{"name": "a", "type": "camera", "model": "ffmpeg", "attributes": {"url": "${environment.URL}"}}'
    config = read(f'{{"components": [{camera}]}}', tmp_path, "robot.json", URL="x")
    assert config.cameras["a"].attributes.url == "x"  # type: ignore[attr-defined]


def test_the_form_of_2023_says_what_it_became(tmp_path: Path) -> None:
    models = [
        {"name": "stuff", "type": "tflite_detector", "parameters": {"model_path": "a.tflite"}},
        {"name": "blue", "type": "color_detector", "parameters": {"detect_color": "#0000FF"}},
    ]
    detections = {"type": "detections", "attributes": {"detector_name": "stuff"}}
    text = json.dumps(
        {
            "components": [
                {"name": "cam", "type": "camera", "model": "fake", "attributes": {}},
                {
                    "name": "seen",
                    "type": "camera",
                    "model": "transform",
                    "attributes": {"source": "cam", "pipeline": [detections]},
                },
            ],
            "services": [{"name": "vision", "type": "vision", "attributes": {"register_models": models}}],
        },
        indent=1,
    )
    assert problems_of(text, tmp_path, "robot.json") == [
        "robot.json:31:24: services[0].attributes.register_models: is Viam's form until 2023; each model is a service "
        'of its own now, with its parameters as attributes: {name: "stuff", type: vision, model: mlmodel}, {name: '
        '"blue", type: vision, model: color_detector}'
    ]
