"""Measurements of inference: how many, how long they take, in what batches, and the loads of models."""

from __future__ import annotations

from collections.abc import Iterator

from ..core import Backend
from .family import Family


def model_families(backend: Backend) -> Iterator[Family]:
    """Yield what is known of the vision services that the caller may see, and of their model files."""
    services = backend.services
    caused = Family("camweave_inferences", "counter", "Inferences that a camera has caused.", "camera", "service")
    for name, feed in backend.feeds.items():
        for service, count in feed.counters.inferences.items():
            if service in services:
                caused.add(count, name, service)
    seconds = Family(
        "camweave_inference_seconds", "histogram", "Time of inferences of cameras and requests.", "service"
    )
    hanging = Family("camweave_hanging_services", "gauge", "Vision services refused because an inference hangs.")
    hanging.add(sum(service.error is not None for service in services.values()))
    for name, each in services.items():
        seconds.add(each.durations.read(), name)
    yield from (caused, seconds, hanging)
    loads = Family("camweave_model_loads", "counter", "Loads of a model file, each copy counted.", "model")
    load_seconds = Family("camweave_model_load_seconds", "counter", "Their time in all.", "model")
    failures = Family("camweave_model_load_failures", "counter", "Loads that have failed.", "model")
    copies = Family("camweave_model_copies", "gauge", "How many copies of a model file are loaded now.", "model")
    batches = Family("camweave_inference_batch_size", "histogram", "Pictures that ran as one inference.", "model")
    for name, model in {each.name: each for service in services.values() for each in service.models}.items():
        loads.add(model.loads, name)
        load_seconds.add(model.load_s, name)
        failures.add(model.failures, name)
        copies.add(model.copies, name)
        if sum((sizes := model.batches.read()).counts):
            batches.add(sizes, name)
    yield from (loads, load_seconds, failures, copies, batches)
