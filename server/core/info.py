"""The state of cameras and vision services as JSON, without opening or running anything."""

from __future__ import annotations

from typing import Any

from cameras import Frame
from pipeline import Feed
from streams import predictions_of
from vision import VisionService

from .backend import Backend
from .frames import captured_at


def camera_info(backend: Backend, camera: Feed) -> dict[str, Any]:
    """Return the state of a camera."""
    name = camera.name
    sessions = backend.sessions(name)
    return {
        **camera.summary(),
        "source": backend.source_of(camera),
        "error": backend.error_of(camera),
        "viewers": len(sessions),
        "sessions": sessions,
        "encoders": backend.encoders.encoders(name),
        "private": camera.config.private,
        "annotates": camera.annotates,
        "latest": _latest(camera),
    }


def _latest(camera: Feed) -> dict[str, Any] | None:
    frame = camera.newest
    if frame is None or camera.config.private:
        return None
    return {
        "sequence": frame.sequence,
        "captured_at": captured_at(frame),
        "predictions": predictions_of(frame) if isinstance(frame, Frame) else [],
    }


def service_info(backend: Backend, service: VisionService[Any]) -> dict[str, Any]:
    """Return a vision service: name, model, kinds, labels, what was understood of its model, and its error if any."""
    error = backend.error_of(service)
    return {
        "name": service.name,
        "model": service.model_name,
        "kinds": [kind for kind in backend.kinds if kind in service.kinds],
        "labels": list(service.labels),
        **({} if service.understood is None else {"understood": service.understood.to_wire()}),
        **({} if error is None else {"error": error}),
    }
