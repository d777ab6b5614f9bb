"""The output options of a request."""

from __future__ import annotations

from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2

from ..served import encoded
from .clients import (
    Client,
    concepts,
    name,
)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"max_concepts": 2}, ["star", "mug"]),
        ({"min_value": 0.5}, ["star", "mug", "circle"]),
        ({"min_value": 0.6, "max_concepts": 9}, ["star", "mug"]),
        ({"select_concepts": [resources_pb2.Concept(id="cross")]}, ["cross"]),
        ({"select_concepts": [resources_pb2.Concept(name="Ring"), resources_pb2.Concept(id="mug")]}, ["mug", "ring"]),
        ({"select_concepts": [resources_pb2.Concept(name="dog")]}, []),
        ({"select_concepts": [resources_pb2.Concept(name="cross")], "min_value": 0.2}, []),
    ],
)
def test_options_limit_the_concepts(client: Client, config: dict[str, Any], found: list[str]) -> None:
    assert concepts(client.ask("names", encoded(), **config)) == found


def test_twenty_concepts_are_the_default(client: Client) -> None:
    assert concepts(client.ask("many", encoded())) == [f"thing {n}" for n in range(20)]
    assert len(concepts(client.ask("many", encoded(), max_concepts=25))) == 25


def test_options_limit_regions_too(client: Client) -> None:
    def labels(model: str, **config: Any) -> list[str]:
        reply = client.ask(model, encoded(), **config)
        return [region.data.concepts[0].name for region in reply.outputs[0].data.regions]

    assert labels("boxes", max_concepts=1) == ["mug"]
    assert labels("boxes", min_value=0.5) == ["mug"]
    assert labels("outlines", min_value=0.5) == ["sky"]
    assert labels("outlines", select_concepts=[resources_pb2.Concept(name="ground")]) == ["ground"]


@pytest.mark.parametrize(
    ("config", "details"),
    [
        ({"min_value": 1.5}, "min_value must be between 0 and 1, got 1.5"),
        ({"min_value": float("nan")}, "min_value must be between 0 and 1, got nan"),
        ({"select_concepts": [resources_pb2.Concept()]}, "each of select_concepts must have an id or a name"),
    ],
)
def test_invalid_options_are_refused(client: Client, config: dict[str, Any], details: str) -> None:
    status = client.ask("names", encoded(), **config).status
    assert (name(status), status.details) == ("PREDICT_INVALID_REQUEST", details)
