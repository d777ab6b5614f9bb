"""Cameras of 640 x 360 at 15 frames per second that play files at their pace, through one shared detector.

The files show the same. Their key frames come at different times, as those of cameras that know nothing of each other:
if all came at once, so would all frames that sources decode while there is no time for more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..measuring import Program, Server, render, repeat
from ..workloads import Inputs

WIDTH_PX, HEIGHT_PX, RATE = 640, 360, 15
CLIP_S, TIMES = 8, 4
PHASES = 8


def clips_for(program: Program) -> list[Path]:
    """Render the files that the cameras play in turn."""
    clips = [program.scratch / f"cameras-{phase}.mp4" for phase in range(PHASES)]
    part = program.scratch / "part.mp4"
    for phase, clip in enumerate(clips):
        if not clip.exists():
            render(part, WIDTH_PX, HEIGHT_PX, CLIP_S * RATE, RATE, first_group=phase * RATE // PHASES)
            repeat(part, clip, TIMES)
    return clips


def source(clips: Sequence[Path], index: int, more: str = "") -> str:
    """Return the line of a configuration with the source ``clip-index``; ``more``: other keys of the camera."""
    path = clips[index % len(clips)]
    return f'  - {{name: clip-{index}, model: video_file, {more}attributes: {{path: "{path}", loop: true}}}}'


def config(inputs: Inputs, clips: Sequence[Path], number: int) -> str:
    """Return a configuration with this number of sources ``clip-0``, ``clip-1``, ... and of cameras ``seen-0``, ..."""
    cameras = "\n".join(
        f"{source(clips, index)}\n"
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
