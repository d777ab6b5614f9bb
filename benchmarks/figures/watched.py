"""Cameras of 640 x 360 at 15 frames per second that play one file at its pace, through one shared detector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..measuring import Program, Server, render
from ..workloads import Inputs

WIDTH_PX, HEIGHT_PX, RATE = 640, 360, 15
CLIP_S = 8


def clip_for(program: Program) -> Path:
    """Render the file that the cameras play."""
    clip = program.scratch / "cameras.mp4"
    if not clip.exists():
        render(clip, WIDTH_PX, HEIGHT_PX, CLIP_S * RATE, RATE)
    return clip


def config(inputs: Inputs, clip: Path, number: int) -> str:
    """Return a configuration with this number of sources ``clip-0``, ``clip-1``, ... and of cameras ``seen-0``, ..."""
    cameras = "\n".join(
        f'  - {{name: clip-{index}, model: video_file, attributes: {{path: "{clip}", loop: true}}}}\n'
        f"  - {{name: seen-{index}, model: transform, attributes: {{source: clip-{index}, pipeline: "
        "[{type: detections, attributes: {detector_name: things, confidence_threshold: 0.5}}]}}"
        for index in range(number)
    )
    return f"cameras:\n{cameras}\n{inputs.detector()}"


def seen(number: int) -> list[str]:
    """Return the names of the first cameras with the detector."""
    return [f"seen-{index}" for index in range(number)]


def by_name(server: Server) -> dict[str, Any]:
    """Return what the API says of each camera."""
    return {camera["name"]: camera for camera in json.loads(server.request("GET", "/api/cameras"))}


def latency_ms(camera: dict[str, Any], watched_s: float) -> tuple[float, float]:
    """Return the median and the 95th percentile of a camera's time from capture to the sinks, in milliseconds.

    Args:
        camera: What the API says of it.
        watched_s: How long it has been watched. A camera that has given no frame in that time is at least so late.
    """
    total = camera["latency_ms"].get("total", {"p50": 1000 * watched_s, "p95": 1000 * watched_s})
    return total["p50"], total["p95"]
