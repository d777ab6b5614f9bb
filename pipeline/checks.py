"""Checks that need the loaded models: whether services give the kinds and labels that transforms need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cameras import Attributes
from transforms import InferenceTransform, Transform
from vision import VisionService

from .config import Config, Problem, Problems, is_unknown, quoted


def wrong_kinds(
    config: Config, camera: str, transforms: Sequence[Transform[Attributes]], services: Mapping[str, VisionService[Any]]
) -> Iterator[Problem]:
    """Yield a problem for each transform that needs a kind of prediction its service does not give."""
    for index, transform in enumerate(transforms):
        # A service without kinds is reported elsewhere.
        if not isinstance(transform, InferenceTransform) or not transform.service.kinds:
            continue
        for attribute, service, kind in transform.needs(transform.attributes):
            kinds = services[service].kinds
            if kind not in kinds:
                yield config.problem(
                    ("cameras", camera, "attributes", "pipeline", index, "attributes", attribute),
                    f"service {service} gives {' and '.join(sorted(kinds))}, not {kind}",
                )


def wrong_labels(
    config: Config, camera: str, transforms: Sequence[Transform[Attributes]], *, must_exist: bool
) -> Iterator[Problem]:
    """Yield a problem for each entry of ``valid_labels`` that the service never gives.

    Args:
        config: The configuration that declares the camera.
        camera: Its name.
        transforms: The transforms of the camera.
        must_exist: Whether to check the transforms for which this is an error or those for which it is a warning: a
            service may know only some of its labels.
    """
    suggestions = Problems("")
    for index, transform in enumerate(transforms):
        if not isinstance(transform, InferenceTransform) or transform.labels_must_exist is not must_exist:
            continue
        known = transform.service.labels
        if not known:
            continue
        folded = {label.casefold() for label in known}
        for number, label in enumerate(getattr(transform.attributes, "valid_labels", ())):
            if label.casefold() not in folded:
                what = f"service {transform.service.name} gives no {quoted(label)}"
                yield config.problem(
                    ("cameras", camera, "attributes", "pipeline", index, "attributes", "valid_labels", number),
                    is_unknown(suggestions, what, label, known),
                )
