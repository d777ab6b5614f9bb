"""Measurements of the program as a whole: its version, its process, its event loop, and what its limits refuse."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, cast

from ..core import Backend
from ..process import program_version
from .family import Family, Kind

if TYPE_CHECKING:
    from prometheus_client import ProcessCollector


def program_families(backend: Backend) -> Iterator[Family]:
    """Yield what a caller with any token may know."""
    build = Family("camweave_build", "info", "Versions of the program and of Python.", "version", "python")
    build.add(1, *_versions())
    yield build
    yield from process_families()
    watchdog = backend.watchdog
    for name, kind, description, value in (
        ("longest_standstill_seconds", "gauge", "Longest time without serving anybody.", watchdog.longest_s),
        ("standstills", "counter", "Standstills of 0.1 seconds and longer.", watchdog.standstills),
        ("standstill_seconds", "counter", "Their time in all.", watchdog.standstill_s),
    ):
        family = Family(f"camweave_event_loop_{name}", cast(Kind, kind), description)
        family.add(value)
        yield family
    refusals = Family("camweave_refusals", "counter", "What a limit of the server has refused.", "limit")
    for limit, count in backend.refusals.counts.items():
        refusals.add(count, limit)
    yield refusals
    answers = Family("camweave_http_responses", "counter", "Responses over HTTP.", "status")
    for status, count in sorted(backend.answered.items()):
        answers.add(count, str(status))
    yield answers
    tokens = Family("camweave_wrong_tokens", "counter", "Wrong tokens that requests had.")
    tokens.add(backend.tokens.wrong)
    yield tokens


def process_families() -> Iterator[Family]:
    """Yield processor time, memory and open files of the process, as ``prometheus_client`` reads them from Linux."""
    for metric in _process().collect():
        family = Family(metric.name, cast(Kind, metric.type), metric.documentation)
        for sample in metric.samples:
            family.add(sample.value)
        yield family


@cache
def _process() -> ProcessCollector:
    from prometheus_client import ProcessCollector  # 15 ms, for those only who ask for measurements

    return ProcessCollector(namespace="camweave", registry=None)


@cache
def _versions() -> tuple[str, str]:
    return program_version(), platform.python_version()
