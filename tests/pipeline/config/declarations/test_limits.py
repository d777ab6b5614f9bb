"""The ``limits:`` of the server: each has a default, a range, and reaches the room that needs it."""

import pytest

from cameras import MAX_PIXELS, Attributes, Camera, PictureLimits
from pipeline import Graph, LimitsConfig
from pipeline.producers import Source

from ..texts import problems_of, read

TEXT = "cameras:\n  - {name: a, model: webcam}\nserver: {limits: {%s}}\n"


def test_every_limit_has_a_default_and_a_sentence() -> None:
    assert read(TEXT % "").server.limits == LimitsConfig()
    for name, field in LimitsConfig.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name
        assert LimitsConfig.model_json_schema()["properties"][name]["description"] == field.description


@pytest.mark.parametrize("name", list(LimitsConfig.model_fields))
def test_no_limit_can_be_switched_off_by_zero_or_below(name: str) -> None:
    for value in (0, -1):
        (problem,) = problems_of(TEXT % f"{name}: {value}")
        assert problem.startswith(f"pipeline.yaml:3:{20 + len(name) + 1}: server.limits.{name}: must be "), problem
        assert problem.endswith(f", got {value}")


def test_limits_are_read_and_unknown_ones_refused() -> None:
    limits = read(TEXT % "bodies: 3, write_s: 0.5").server.limits
    assert (limits.bodies, limits.write_s) == (3, 0.5)
    (problem,) = problems_of(TEXT % "body: 3")
    assert problem.startswith("pipeline.yaml:3:19: server.limits.body: unknown key, did you mean")


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", PictureLimits(MAX_PIXELS, 10.0)),
        ("picture_pixels: 1000, picture_decode_s: 0.5", PictureLimits(1000, 0.5)),
    ],
)
def test_cameras_get_the_limits_of_pictures(text: str, limits: PictureLimits) -> None:
    graph = Graph(read(TEXT % text))
    assert limits_of_camera(graph) == limits
    graph.close()


def test_cameras_that_stay_get_the_limits_of_a_new_configuration() -> None:
    graph = Graph(read(TEXT % ""))
    changes = graph.reconfigure(read(TEXT % "picture_pixels: 1000"))
    assert changes.cameras.unchanged == ("a",)
    assert limits_of_camera(graph) == PictureLimits(1000, 10.0)
    graph.close()


def limits_of_camera(graph: Graph) -> PictureLimits:
    """Return the limits of a camera opened now."""
    producer = graph.feeds["a"].producer
    assert isinstance(producer, Source)
    camera: Camera[Attributes] = producer._make()
    return camera.limits
