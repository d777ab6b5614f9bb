"""Kinds that are not built in are declared, checked, built and run like the built-in ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from cameras import Classification, Frame, Pixels, Prediction
from pipeline import Chain, Config, ConfigError, Graph, make_camera, make_services, parse, schema
from streams import Target, annotate
from tests.fakes import FakeClock
from tests.foreign import KINDS, TEXT, Lamp, Negative
from vision import Session

SEEN = [("on", 1.0), ("light", 1.0), ("light", 1.0)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "half.mean").write_text("128")
    return parse(TEXT, "test.yaml", tmp_path, tables=KINDS)


def seen(frame: Frame) -> list[tuple[str, float]]:
    return [(each.label, each.confidence) for each in frame.annotations if isinstance(each, Classification)]


def test_foreign_kinds_run_in_a_graph(config: Config) -> None:
    graph = Graph(config, clock=FakeClock())
    try:
        graph.open()
        with graph.feeds["named"].watch() as watch:
            frame = watch.get(timeout_s=10)
    finally:
        graph.close()
    assert frame.image.min() == 235
    assert seen(frame) == SEEN


def test_foreign_kinds_run_in_a_chain(config: Config) -> None:
    chain = Chain(config, "named")
    source = make_camera(chain.root, config.tables, paced=False)
    source.open()
    chain.open()
    (frame,) = chain.apply(source.read())
    chain.close()
    source.close()
    assert frame.image.min() == 235
    assert seen(frame) == SEEN


def test_a_camera_delivers_in_real_time_unless_asked_otherwise(config: Config) -> None:
    root = Chain(config, "named").root
    assert make_camera(root, config.tables).paced
    assert not make_camera(root, config.tables, paced=False).paced


def test_foreign_kinds_annotate_a_file(config: Config, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((16, 16, 3), np.uint8))
    assert annotate(config, tmp_path / "black.png", Target("named", tmp_path / "white.png", tmp_path / "lines")) == 1
    written = cv2.imread(str(tmp_path / "white.png"))
    assert written is not None
    assert written.max() == 255
    assert '"light"' in (tmp_path / "lines").read_text()


def test_a_foreign_service_predicts(config: Config) -> None:
    with make_services(config)["lamp"].open_session() as session:
        assert session.predict(Classification, make_frame(200)) == (Classification("on", 1.0),)


@dataclass(frozen=True, slots=True)
class Glow(Prediction):
    kind: ClassVar[str] = "glow"
    plural: ClassVar[str] = "glows"


def glowing(self: Lamp, frame: Frame, session: Session) -> tuple[Glow, ...]:
    return (Glow("on", 1.0),)


def test_a_stream_goes_on_after_an_undeclared_kind_of_prediction(
    config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Lamp, "_classify", glowing)
    chain = Chain(config, "named")
    chain.open()
    frames = [chain.apply(make_frame(level))[0] for level in (20, 30)]
    chain.close()
    assert [[each.label for each in frame.annotations] for frame in frames] == [["on", "light", "light"]] * 2
    assert caplog.messages == [
        "service lamp: tests.foreign.Lamp returns Glow, an undeclared kind of prediction that clients cannot request; "
        "declare it in the class: predictions = (Glow,)"
    ]


def test_a_kind_of_prediction_in_the_tables_is_not_logged(
    config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Lamp, "_classify", glowing)
    config = replace(config, tables=replace(KINDS, predictions={**KINDS.predictions, "glows": Glow}))
    with make_services(config)["lamp"].open_session() as session:
        session.predict(Classification, make_frame(200))
    assert caplog.messages == []


def test_an_unusable_foreign_model_is_reported_with_its_position(config: Config, tmp_path: Path) -> None:
    (tmp_path / "half.mean").write_text("half")
    graph = Graph(config, clock=FakeClock())
    with pytest.raises(ConfigError) as raised:
        graph.open()
    graph.close()
    assert [problem.line for problem in raised.value.problems] == [15, 16, 18]


def test_a_foreign_kind_is_in_the_schema_of_its_tables() -> None:
    assert {"bar", "negative", "lamp", "mean"} <= set(words(schema(KINDS)))
    assert not {"bar", "negative", "lamp", "mean"} & set(words(schema()))


def make_frame(level: int) -> Frame:
    return Frame(Pixels.from_bgr(np.full((8, 8, 3), level, np.uint8)), 0, Fraction(1, 30), 0.0)


def words(found: Any) -> list[str]:
    """Return every text inside a JSON value."""
    if isinstance(found, dict):
        return [word for value in found.values() for word in words(value)]
    if isinstance(found, list):
        return [word for value in found for word in words(value)]
    return [found] if isinstance(found, str) else []


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (Negative, "test.yaml:4:11: cameras[1]: cannot be constructed: AttributeError: no imag (test_build.py, line "),
        (Lamp, "test.yaml:14:12: services[0]: cannot be constructed: AttributeError: no imag (test_build.py, line "),
    ],
)
@pytest.mark.parametrize("construct", [Graph, lambda config: Chain(config, "named")])
def test_a_bug_in_a_constructor_is_reported_at_the_entry(
    config: Config,
    kind: type,
    problem: str,
    construct: Callable[[Config], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def init(self: object, *arguments: object, **named: object) -> None:
        raise AttributeError("no imag")

    monkeypatch.setattr(kind, "__init__", init)
    with pytest.raises(ConfigError) as caught:
        construct(config)
    assert str(caught.value).startswith(problem)
