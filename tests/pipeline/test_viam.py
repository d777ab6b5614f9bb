from __future__ import annotations

import logging
from pathlib import Path

import pytest

from .config_texts import VIAM, files, read, said


def test_a_machine_file_of_viam_is_read_and_what_is_unknown_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        config = read(VIAM, files(tmp_path), "robot.json")
    assert {camera.name: camera.model for camera in config.cameras.values()} == {"cam": "stream", "view": "transform"}
    assert config.services["coco"].runtime is not None
    assert config.server.port == 1
    assert sorted(caplog.messages) == [
        'robot.json:11: key "modules" is not known here; skipped',
        'robot.json:3: resource "arm" of type "arm" is not known here; skipped',
        'robot.json:4: camera "real" of model "viam:camera:realsense" is not known here; skipped',
        'robot.json:5: key "frame" is not known here; skipped',
    ]


def test_the_attributes_in_a_machine_file_are_strict(tmp_path: Path) -> None:
    folder = files(tmp_path)
    assert said(VIAM.replace('"url": "x"', '"url": 5'), folder, "robot.json") == [
        "robot.json:2:103: components[0].attributes.url: must be text, got 5"
    ]
    assert said('{"components": [5]}', folder, "robot.json") == [
        "robot.json:1:17: components[0]: must be a mapping, got a number"
    ]


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {viam: {port: 0}}\n"
    assert read(text).server.viam is not None
    monkeypatch.setattr("pipeline.server_config.find_spec", lambda name: None)
    assert said(text) == [
        "pipeline.yaml:3:16: server.viam: "
        'needs the extra "viam", which is not installed; get it with: pip install "camweave[viam]"'
    ]
    assert read(text.replace("{port: 0}", "null")).server.viam is None
