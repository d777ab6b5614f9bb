"""The graph: built in order, its models looked at once, its cameras ended together."""

from __future__ import annotations

from pathlib import Path

import pytest

from cameras import Classification
from pipeline import ConfigError, Graph, State
from tests.fakes import FakeClock, FakeVision
from tests.pipeline.builders import config
from vision import ModelError

CHAIN = """
    cameras:
      - name: cut
        model: transform
        attributes:
          source: named
          pipeline: [{type: crop, attributes: {x_max_px: 0.5, y_max_px: 0.5}}]
      - name: named
        model: transform
        attributes:
          source: scene
          pipeline:
            - {type: classifications, attributes: {classifier_name: shapes}}
      - {name: scene, model: test_pattern, attributes: {width_px: 64, height_px: 64}}
    services:
      - {name: shapes, type: vision, model: mlmodel, attributes: {model_path: shapes.tflite}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shapes.tflite").write_text("this is no model")
    return tmp_path


def with_service(folder: Path, service: FakeVision, monkeypatch: pytest.MonkeyPatch) -> Graph:
    monkeypatch.setattr("pipeline.graph.make_services", lambda config: {"shapes": service})
    return Graph(config(CHAIN, folder), clock=FakeClock())


def test_a_camera_comes_after_the_one_it_takes_from(folder: Path) -> None:
    graph = Graph(config(CHAIN, folder), clock=FakeClock())
    assert list(graph.feeds) == ["scene", "named", "cut"]
    assert graph.feeds["cut"].source is graph.feeds["named"]
    assert [camera.annotates for camera in graph.feeds.values()] == [False, True, True]
    assert {camera.state for camera in graph.feeds.values()} == {State.IDLE}
    graph.close()


def test_a_model_that_nobody_runs_is_looked_at_too(folder: Path) -> None:
    text = """
        services:
          - {name: shapes, type: mlmodel, model: tflite_cpu, attributes: {model_path: shapes.tflite}}
        """
    graph = Graph(config(text, folder), clock=FakeClock())
    with pytest.raises(ConfigError, match=r"services\[0\].attributes.model_path: .*shapes.tflite: is not"):
        graph.open()
    graph.close()


def test_a_model_that_cannot_be_used_is_an_error_of_the_configuration(folder: Path) -> None:
    graph = Graph(config(CHAIN, folder), clock=FakeClock())
    with pytest.raises(ConfigError) as raised:
        graph.open()
    graph.close()
    (problem,) = raised.value.problems
    assert str(problem) == (
        "test.yaml:16:75: services[0].attributes.model_path: "
        f"{folder / 'shapes.tflite'}: is not a TFLite model but text: 'this is no model'"
    )


def test_asking_a_model_for_what_it_cannot_do_is_one_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes")
    service.kinds = frozenset({"detections"})
    graph = with_service(folder, service, monkeypatch)
    with pytest.raises(ConfigError) as raised:
        graph.open()
    graph.close()
    assert [str(problem) for problem in raised.value.problems] == [
        "test.yaml:13:65: cameras[1].attributes.pipeline[0].attributes.classifier_name: "
        "service shapes gives detections, not classifications"
    ]


def test_a_label_that_a_service_never_gives_is_named_in_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = FakeVision("shapes")
    service.labels = ("person", "dog")
    monkeypatch.setattr("pipeline.graph.make_services", lambda config: {"shapes": service})
    text = CHAIN.replace("classifier_name: shapes", "classifier_name: shapes, valid_labels: [Dog, persn]")
    graph = Graph(config(text, folder), clock=FakeClock())
    graph.open()
    graph.close()
    assert caplog.messages == [
        "test.yaml:13:93: cameras[1].attributes.pipeline[0].attributes.valid_labels[1]: "
        'service shapes gives no "persn", did you mean "person"? (known: person, dog)'
    ]


def test_a_label_to_be_hidden_that_a_service_never_gives_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = FakeVision("shapes")
    service.labels = ("person", "dog")
    monkeypatch.setattr("pipeline.graph.make_services", lambda config: {"shapes": service})
    text = CHAIN.replace(
        "classifications, attributes: {classifier_name: shapes",
        "redact, attributes: {detector_name: shapes, valid_labels: [Dog, persn]",
    )
    graph = Graph(config(text, folder), clock=FakeClock())
    with pytest.raises(ConfigError) as raised:
        graph.open()
    graph.close()
    assert [str(problem) for problem in raised.value.problems] == [
        "test.yaml:13:82: cameras[1].attributes.pipeline[0].attributes.valid_labels[1]: "
        'service shapes gives no "persn", did you mean "person"? (known: person, dog)'
    ]
    assert not caplog.messages


def test_models_are_given_back_after_they_were_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes")
    graph = with_service(folder, service, monkeypatch)
    graph.open()
    assert not service.loaded
    assert {camera.state for camera in graph.feeds.values()} == {State.IDLE}, "nothing runs unwatched"
    graph.close()


def test_a_real_scene_runs_through_the_chain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes", classifications=[Classification("star", 0.9)])
    graph = with_service(folder, service, monkeypatch)
    graph.open()
    with graph.feeds["cut"].watch() as watch:
        first, second = watch.get(10), watch.get(10)
    assert (first.width, first.height) == (32, 32)
    assert second.pts > first.pts
    assert [annotation.label for annotation in second.annotations] == ["star"]
    graph.close()
    graph.close()
    assert not service.loaded


def test_a_camera_to_be_preloaded_runs_without_viewers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes", classifications=[Classification("star", 0.9)])
    monkeypatch.setattr("pipeline.graph.make_services", lambda config: {"shapes": service})
    text = CHAIN.replace("- name: named", "- name: named\n        preload: true")
    graph = Graph(config(text, folder), clock=FakeClock())
    graph.open()
    assert graph.feeds["named"].watched
    assert graph.feeds["scene"].watched
    assert not graph.feeds["cut"].watched
    graph.close()


def test_a_model_that_fails_to_load_later_is_said_at_the_camera(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes")
    graph = with_service(folder, service, monkeypatch)
    graph.open()
    service.fails = ModelError("shapes.tflite: the file has gone")
    clock = graph.feeds["named"]._clock
    assert isinstance(clock, FakeClock)
    with graph.feeds["named"].watch():
        assert clock.paused.acquire(timeout=5)
        assert graph.feeds["named"].error == "shapes.tflite: the file has gone"
        assert graph.feeds["named"].state is State.OFFLINE
    graph.close()


def test_what_asks_a_model_for_what_it_cannot_do_is_not_exchanged_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = FakeVision("shapes")
    service.labels = ("person", "dog")
    graph = with_service(folder, service, monkeypatch)
    graph.open()
    before = graph.feeds["named"].producer
    slip = CHAIN.replace(
        "classifications, attributes: {classifier_name: shapes",
        "redact, attributes: {detector_name: shapes, valid_labels: [persn]",
    )
    with pytest.raises(ConfigError, match='service shapes gives no "persn"'):
        graph.exchange("named", config(slip, folder))
    with pytest.raises(KeyError):
        graph.exchange("other", config(CHAIN, folder))
    assert graph.feeds["named"].producer is before
    graph.exchange("named", config(slip.replace("persn", "person"), folder))
    assert [item["type"] for item in graph.feeds["named"].status()["transforms"]] == ["redact"]
    graph.close()
