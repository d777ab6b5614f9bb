"""A new model of producer is one class and one row: whatever reads a configuration or runs it then knows the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pydantic import Field
from typer.testing import CliRunner

from cameras import Attributes, Frame
from pipeline import (
    BUILT_IN,
    CameraConfig,
    Chain,
    Config,
    ConfigError,
    DeclaredProducer,
    DownstreamAttributes,
    Executor,
    Graph,
    Output,
    ProducerContext,
    Reports,
    Run,
    State,
    parse,
    schema,
)
from pipeline.execution import BlockingRun
from server.cli import cli
from streams import Target, annotate
from tests.fakes import FakeClock, frame

# A model whose frames come from outside the graph, as those of a publisher over WebRTC will.


class PublishedAttributes(Attributes):
    max_width_px: int = Field(1920, ge=1, description="Larger pictures are refused.")


class Published(DeclaredProducer):
    model_name = "published"
    attributes_type: ClassVar[type[Attributes]] = PublishedAttributes
    error = None

    def __init__(self, attributes: Any) -> None:
        self.attributes = attributes
        self.output: Output | None = None

    @classmethod
    def make(cls, config: CameraConfig, reports: Reports, context: ProducerContext) -> Published:
        return cls(config.attributes)

    @property
    def state(self) -> State:
        return State.RUNNING

    def start(self, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        self.output = output
        return executor.start_thread("published", _wait, previous)

    def take(self, delivered: Frame) -> bool:
        """Publish a frame if somebody watches, and if it is not too large."""
        return bool(self.output and delivered.width <= self.attributes.max_width_px and self.output.publish(delivered))


def _wait(run: BlockingRun) -> None:
    run.stopping.wait()


# Another one, which takes its frames from another camera but is no line of transforms.


class DelayedAttributes(DownstreamAttributes):
    delay_s: float = Field(1.0, gt=0, description="How much later its frames come.")


class Delayed(Published):
    model_name = "delayed"
    attributes_type = DelayedAttributes


TABLES = replace(BUILT_IN, producers={**BUILT_IN.producers, "published": Published, "delayed": Delayed})

TEXT = """\
cameras:
  - name: turned
    model: transform
    attributes: {source: phone, pipeline: [{type: rotate, attributes: {angle_degs: 90}}]}
  - {name: phone, model: published, attributes: {max_width_px: 100}}
"""


def read(text: str = TEXT, folder: Path = Path()) -> Config:
    return parse(dedent(text), "test.yaml", folder, tables=TABLES)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(text)
    return [str(problem) for problem in raised.value.problems]


def later(source: str = "scene", attributes: str = "") -> str:
    """Return a configuration in which a delayed camera has a source of that name."""
    return f"cameras:\n  - {{name: late, model: delayed, attributes: {{source: {source}{attributes}}}}}\n"


def test_its_attributes_are_read_and_have_their_defaults() -> None:
    phone = read().cameras["phone"]
    assert (phone.model, phone.attributes) == ("published", PublishedAttributes(max_width_px=100))
    assert read("cameras: [{name: phone, model: published}]").cameras["phone"].attributes == PublishedAttributes()


def test_what_is_wrong_with_them_is_reported_at_its_place() -> None:
    assert problems(TEXT.replace("100", "0")) == [
        "test.yaml:5:64: cameras[1].attributes.max_width_px: must be at least 1, got 0"
    ]
    assert "published" in problems(TEXT.replace("model: published", "model: publisht"))[0]


def test_it_is_in_the_schema() -> None:
    def fits(text: str) -> bool:
        return Draft202012Validator(schema(TABLES)).is_valid(text)

    def declared(**attributes: object) -> Any:
        return {"cameras": [{"name": "phone", "model": "published", "attributes": attributes}]}

    assert fits(declared(max_width_px=100))
    assert not fits(declared(max_width_px=0)) and not fits(declared(source="scene"))
    assert not Draft202012Validator(schema()).is_valid(declared())


def test_it_is_known_to_the_check(tmp_path: Path) -> None:
    path = tmp_path / "test.yaml"
    path.write_text(TEXT)
    assert CliRunner().invoke(cli, ["check", str(path)], obj=TABLES).stdout == "OK\n"
    path.write_text(TEXT.replace("max_width_px", "max_width"))
    refused = CliRunner().invoke(cli, ["check", str(path)], obj=TABLES)
    assert refused.exit_code != 0 and 'did you mean "max_width_px"' in refused.output


def test_frames_from_outside_the_graph_reach_it_through_its_feed_and_go_on_to_a_transform_camera() -> None:
    graph = Graph(read(), clock=FakeClock())
    graph.open()

    def deliver(delivered: Frame) -> bool:
        producer = graph.feeds["phone"].producer
        assert isinstance(producer, Published)
        return producer.take(delivered)

    try:
        assert graph.feeds["turned"].source is graph.feeds["phone"]
        assert graph.feeds["phone"].source is None
        assert not deliver(frame())
        with graph.feeds["turned"].watch() as watch:
            assert deliver(frame(width=100, height=60))
            assert not deliver(frame(width=101, height=60))
            seen = watch.get(timeout_s=10)
            assert (seen.width, seen.height) == (60, 100)
            graph.reconfigure(read(TEXT.replace("100", "200")))
            assert deliver(frame(width=200, height=60)), "it is the new producer"
    finally:
        graph.close()


def test_lens_parameters_have_to_be_declared_for_it() -> None:
    undistorted = TEXT.replace("{type: rotate, attributes: {angle_degs: 90}}", "{type: undistort}")
    assert all("undistort needs" in problem for problem in problems(undistorted))


def test_a_file_takes_its_place_in_a_chain(tmp_path: Path) -> None:
    assert Chain(read(), "turned").root.name == "phone"
    cv2.imwrite(str(tmp_path / "in.png"), np.zeros((16, 32, 3), np.uint8))
    assert annotate(read(), tmp_path / "in.png", Target("turned", tmp_path / "out.png")) == 1
    written = cv2.imread(str(tmp_path / "out.png"))
    assert written is not None and written.shape == (32, 16, 3)


SCENE = "  - {name: scene, model: test_pattern}\n"


def test_the_source_of_one_that_has_a_source_is_checked() -> None:
    assert read(later() + SCENE).cameras["late"].attributes == DelayedAttributes(source="scene")
    assert problems(later("scenes") + SCENE) == [
        'test.yaml:2:55: cameras[0].attributes.source: no camera is named "scenes", did you mean "scene"? '
        "(known: late, scene)"
    ]
    assert "in a cycle: late -> late" in problems(later("late"))[0]


def test_the_source_of_one_that_has_a_source_comes_first_and_runs_with_it() -> None:
    graph = Graph(read(later() + SCENE), clock=FakeClock())
    try:
        assert list(graph.feeds) == ["scene", "late"]
        assert graph.feeds["late"].source is graph.feeds["scene"]
        with graph.feeds["late"].watch():
            assert graph.feeds["scene"].watched
    finally:
        graph.close()


def test_one_that_has_a_source_is_refused_in_a_chain_for_files() -> None:
    chained = TEXT.replace("phone", "late", 1) + later().removeprefix("cameras:\n").replace("scene", "phone")
    with pytest.raises(ValueError, match="^camera late: model delayed works on live frames only$"):
        Chain(read(chained), "turned")
