"""A kind of prediction that nobody here knows: one class, one row in the table, and it is everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from cameras import PREDICTIONS, Canvas, Frame, Item, Label, Movement, Prediction
from pipeline import BUILT_IN, parse
from server.cli import cli
from tests.harness import through
from tests.server.served import Served, encoded
from tests.transforms.pictures import bgr
from transforms import TRANSFORMS, NoAttributes, Style, Transform, paint
from vision import VISION_SERVICES, Predictor, VisionService, keep, top

# The kind: all that there is to write.


class SpotItem(Item):
    """A point that stands out."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Spot(Prediction):
    """A point that stands out. Those on the left come first."""

    kind: ClassVar[str] = "spot"
    plural: ClassVar[str] = "spots"
    item: ClassVar[type[Item]] = SpotItem
    default_count: ClassVar[int] = 2

    at: tuple[float, float] = field(kw_only=True)

    def moved(self, movement: Movement) -> Self | None:
        [[x, y]] = movement.points(np.array([self.at])).tolist()
        return replace(self, at=(x, y)) if 0 <= x < 1 and 0 <= y < 1 else None

    def paint(self, canvas: Canvas) -> None:
        canvas.points(np.array([self.at]), Label(self.label))

    def to_wire(self, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
        return {"name": self.label, "x": self.at[0], "y": self.at[1]}

    def rank(self, width_px: int, height_px: int) -> float | None:
        return -self.at[0]


# What finds it: a service and a transform, as for every kind.

SPOTS = (
    Spot("right", 0.9, at=(0.75, 0.5)),
    Spot("left", 0.5, at=(0.25, 0.5)),
    Spot("middle", 0.7, at=(0.5, 0.25)),
)


class Spotter(VisionService[NoAttributes]):
    """Sees the same spots in every picture."""

    model_name: ClassVar[str] = "spotter"
    attributes_type = NoAttributes

    def _load(self) -> None:
        """There is nothing to load."""

    def _release(self) -> None:
        """Nor to release."""

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        return {Spot: lambda frame, session: SPOTS}


class Spots(Transform[NoAttributes]):
    """Attaches them."""

    type_name: ClassVar[str] = "spots"
    attributes_type = NoAttributes
    annotates = True

    def apply(self, frame: Frame) -> Frame:
        return frame.with_annotations(SPOTS)


TABLES = replace(
    BUILT_IN,
    predictions={**PREDICTIONS, Spot.plural: Spot},
    transforms={**TRANSFORMS, Spots.type_name: Spots},
    vision={**VISION_SERVICES, Spotter.model_name: Spotter},
)
TEXT = """
services:
  - {name: eyes, type: vision, model: spotter}
cameras:
  - {name: still, model: image_file, attributes: {path: still.png}}
  - {name: seen, model: transform, attributes: {source: still, pipeline: [{type: spots}, {type: flip}]}}
"""
WIRE = [{"name": "left", "x": 0.25, "y": 0.5}, {"name": "middle", "x": 0.5, "y": 0.25}]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, TEXT, tables=TABLES) as running:
        yield running


def test_it_is_painted() -> None:
    frame = bgr(320, 240).with_annotations(SPOTS)
    style = Style(color="#ff00ff", line_width_px=4)
    painted = paint(frame, style).image
    for x, y in ((240, 120), (80, 120), (160, 60)):
        assert painted[y, x].tolist() == [255, 0, 255]
    assert not np.array_equal(
        painted, paint(bgr(320, 240).with_annotations([replace(SPOTS[0], label="")]), style).image
    )


@pytest.mark.parametrize(
    ("type_name", "attributes", "places"),
    [
        ("crop", {"x_min_px": 0.5, "x_max_px": 1.0, "y_min_px": 0.0, "y_max_px": 0.5}, [(0.0, 0.5)]),
        ("rotate", {"angle_degs": 90}, [(0.5, 0.75), (0.5, 0.25), (0.75, 0.5)]),
        ("flip", {}, [(0.25, 0.5), (0.75, 0.5), (0.5, 0.25)]),
        ("resize", {"width_px": 30, "height_px": 30}, [spot.at for spot in SPOTS]),
    ],
)
def test_it_moves_with_the_pixels(type_name: str, attributes: Any, places: list[tuple[float, float]]) -> None:
    transform = TRANSFORMS[type_name]
    moving = transform(transform.attributes_type.model_validate(attributes), {})
    [out] = through(moving, bgr(48, 32).with_annotations(SPOTS))
    assert [spot.at for spot in out.annotations if isinstance(spot, Spot)] == [pytest.approx(place) for place in places]


def test_it_is_filtered_and_ranked() -> None:
    assert [spot.label for spot in keep(SPOTS, 0.6)] == ["right", "middle"]
    assert [spot.label for spot in keep(SPOTS, labels=("LEFT",))] == ["left"]
    assert [spot.label for spot in top(SPOTS, 2)] == ["right", "middle"]
    assert [spot.label for spot in top(SPOTS, 0, (48, 32))] == ["left", "middle", "right"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """Give the configuration, a picture, and where another can be written."""
    (tmp_path / "still.png").write_bytes(encoded())
    (tmp_path / "spots.yaml").write_text(TEXT)
    return str(tmp_path / "spots.yaml"), str(tmp_path / "still.png"), str(tmp_path / "out.png")


def line_of(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, list(arguments), obj=TABLES)
    assert result.exit_code == 0, result.output
    line: dict[str, Any] = json.loads(result.stdout)
    return line


def test_it_is_in_the_lines_of_annotate(files: tuple[str, str, str]) -> None:
    config, picture, out = files
    line = line_of("annotate", config, "--camera", "seen", "--input", picture, "--output", out, "--json", "-")
    assert [spot["name"] for spot in line["spots"]] == ["right", "middle", "left"]
    assert list(line)[-len(PREDICTIONS) - 1 :] == [*PREDICTIONS, "spots"]


def test_it_is_in_the_lines_of_predict(files: tuple[str, str, str]) -> None:
    config, picture, _ = files
    line = line_of("predict", config, "--service", "eyes", picture)
    assert line == {"file": picture, "width_px": 64, "height_px": 48, "spots": WIRE}


def test_it_has_an_address(served: Served) -> None:
    assert served.client.get("/api/vision").json()[0]["kinds"] == ["spots"]
    assert served.client.post("/api/vision/eyes/spots", content=encoded()).json()["spots"] == WIRE
    assert served.client.get("/api/vision/eyes/spots?camera=still&n=1").json()["spots"] == WIRE[:1]
    assert served.client.post("/api/vision/eyes/stars", content=encoded()).status_code == 404


def test_it_is_in_the_document_of_the_api(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    for method in ("get", "post"):
        parameters = document["paths"]["/api/vision/{service}/{kind}"][method]["parameters"]
        [kinds] = [parameter["schema"]["enum"] for parameter in parameters if parameter["name"] == "kind"]
        assert kinds == [*PREDICTIONS, "spots"]
    schemas = document["components"]["schemas"]
    reply = served.client.post("/api/vision/eyes/spots", content=encoded()).json()
    jsonschema.validate(reply, {"$ref": "#/components/schemas/PredictionReply", **document})
    with pytest.raises(jsonschema.ValidationError, match="'x' is a required property"):
        broken = {**reply, "spots": [{"name": "left", "y": 0.5}]}
        jsonschema.validate(broken, {"$ref": "#/components/schemas/PredictionReply", **document})
    assert schemas["LatestSpot"]["properties"]["kind"] == {"const": "spot"}
    assert {"$ref": "#/components/schemas/LatestSpot"} in schemas["LatestFrame"]["properties"]["predictions"]["items"][
        "anyOf"
    ]


def test_nobody_else_knows_of_it(tmp_path: Path) -> None:
    assert Spot.plural not in PREDICTIONS
    text = "cameras: [{name: pattern, model: test_pattern}]"
    assert dict(parse(text, "test.yaml", tmp_path).tables.predictions) == PREDICTIONS
