"""What clients are told of cameras, without anything being opened or run for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cameras import Frame, Prediction
from pipeline import RunningCamera

from .backend import Backend
from .limits import FRAME_WITHIN_S
from .problems import Problem, unavailable


def captured_at(frame: Frame) -> str:
    """Return when a frame was captured, after RFC 3339: UTC, microseconds."""
    moment = datetime.fromtimestamp(frame.captured_at, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def no_frame(backend: Backend, camera: RunningCamera) -> Problem:
    """Return the problem of a camera that gives no picture, with its own reason where it has one."""
    error = backend.error_of(camera)
    reason = f": {error}" if error else ""
    return unavailable(f"camera {camera.name} gave no frame within {FRAME_WITHIN_S:g} s{reason}", 5)


def camera_status(backend: Backend, camera: RunningCamera) -> dict[str, Any]:
    """Return what there is to say of a camera, as JSON has it."""
    name = camera.name
    return {
        **camera.status(),
        "error": backend.error_of(camera),
        "viewers": backend.streams.viewers(name),
        "sessions": backend.streams.sessions(name),
        "encoders": backend.streams.encoders(name),
        "private": camera.config.private,
        "annotates": camera.annotates,
        "latest": _latest(camera),
    }


def _latest(camera: RunningCamera) -> dict[str, Any] | None:
    frame = camera.latest
    if frame is None or camera.config.private:
        return None
    return {
        "sequence": frame.sequence,
        "captured_at": captured_at(frame),
        "predictions": [
            {
                "kind": annotation.kind,
                "transform": annotation.transform,
                "service": annotation.service,
                **annotation.to_wire(frame.width, frame.height, masks=False),
            }
            for annotation in frame.annotations
            if isinstance(annotation, Prediction)
        ],
    }
