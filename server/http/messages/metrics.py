"""Measurements of the server in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from ...core import Backend

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of the format."""


def metrics_text(backend: Backend) -> str:
    """Return the present measurements, one metric with its description after the other."""
    return "".join(
        f"# HELP camweave_{name} {description}\n# TYPE camweave_{name} {kind}\ncamweave_{name} {value:.9g}\n"
        for name, kind, description, value in _metrics(backend)
    )


def _metrics(backend: Backend) -> Iterator[tuple[str, str, str, float]]:
    """Yield name, type, description and value of each metric."""
    watchdog = backend.watchdog
    loop = "event_loop"
    yield f"{loop}_longest_standstill_seconds", "gauge", "Longest time without serving anybody.", watchdog.longest_s
    yield f"{loop}_standstills_total", "counter", "Standstills of 0.1 seconds and longer.", watchdog.standstills
    yield f"{loop}_standstill_seconds_total", "counter", "Their time in all.", watchdog.standstill_s
    refused = sum(service.error is not None for service in backend.services.values())
    yield "hanging_services", "gauge", "Vision services refused because an inference hangs.", refused
    viewers = sum(len(backend.sessions(name)) for name in backend.feeds)
    yield "viewers", "gauge", "Viewers of all cameras.", viewers
