"""Configurations that use every key, and helpers that load them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import Config, ConfigError, parse

from .kinds import KINDS

GOOD = """\
# Every key, once.
cameras:
  - name: street
    model: video_file
    attributes: {path: street.mp4, loop: true}
    preload: true
    linger_s: 2
    private: true
  - name: street-annotated
    model: transform
    stream:
      bitrate: 2000000
      codecs: [vp8]
    style: {color: "#ff0000", line_width_px: 3}
    attributes:
      source: street
      pipeline:
        - type: identity
        - type: detections
          attributes: {detector_name: coco, confidence_threshold: 0.5, valid_labels: [person, no, on]}
      intrinsic_parameters: {width_px: 640, height_px: 480, fx: 500, fy: 500, ppx: 320, ppy: 240}
      distortion_parameters: {rk1: 0.1}
services:
  - name: coco
    type: vision
    model: mlmodel
    attributes: {mlmodel_name: ssd, label_confidences: {traffic light: 0.4}}
  - name: ssd
    type: mlmodel
    model: tflite_cpu
    attributes: {model_path: ssd.tflite, num_threads: 2}
server:
  host: 0.0.0.0
  port: 9090
  ice:
    servers: [{urls: ["stun:stun.example.org:3478"]}]
    addresses: [127.0.0.1, "::1"]
    advertise: [203.0.113.5]
    udp_ports: 50000-50100
"""

VIAM = """\
{"components": [
  {"name": "cam", "api": "rdk:component:camera", "model": "rdk:builtin:ffmpeg", "attributes": {"url": "x"}},
  {"name": "arm", "api": "rdk:component:arm", "model": "ur5e"},
  {"name": "real", "api": "rdk:component:camera", "model": "viam:camera:realsense", "attributes": {}},
  {"name": "view", "namespace": "rdk", "type": "camera", "model": "transform", "depends_on": ["cam"], "frame": {},
   "attributes": {"source": "cam", "pipeline": [{"type": "detections", "attributes": {"detector_name": "coco"}}]}}],
 "services": [
  {"name": "coco", "api": "rdk:service:vision", "model": "rdk:builtin:mlmodel", "attributes": {"mlmodel_name": "ssd"}},
  {"name": "ssd", "api": "rdk:service:mlmodel", "model": "viam:mlmodel-tflite:tflite_cpu",
   "attributes": {"model_path": "ssd.tflite"}}],
 "modules": [],
 "server": {"port": 1}}
"""


HEAD = "cameras:\n  - name: a\n    model: "


def files(folder: Path) -> Path:
    """Make the files that the texts name, and give their folder."""
    (folder / "street.mp4").touch()
    (folder / "ssd.tflite").touch()
    return folder


def read(text: str, folder: Path = Path("/"), file: str = "pipeline.yaml", **environment: str) -> Config:
    return parse(text, file, folder, environment=environment, tables=KINDS)


def problems_of(text: str, folder: Path = Path("/"), file: str = "pipeline.yaml", **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(text, folder, file, **environment)
    return [str(problem) for problem in raised.value.problems]
