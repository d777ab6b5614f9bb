"""The graph: built in order, models checked once, cameras ended together, configurations replaced."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import ClassVar

import pytest

from cameras import Classification, SlotClosed, available_cores
from pipeline import (
    BUILT_IN,
    Changes,
    Config,
    ConfigError,
    Difference,
    Executor,
    Graph,
    Output,
    Run,
    State,
    Watch,
    parse,
)
from pipeline.execution.blocking import ThreadRun
from pipeline.feeds.succession import SUCCESSION_S
from pipeline.producers import Source
from tests.fakes import FakeCamera, FakeClock, FakeVision, NoAttributes, frame
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


def test_a_camera_comes_after_its_source(folder: Path) -> None:
    graph = Graph(config(CHAIN, folder), clock=FakeClock())
    assert list(graph.feeds) == ["scene", "named", "cut"]
    assert graph.feeds["cut"].source is graph.feeds["named"]
    assert [camera.annotates for camera in graph.feeds.values()] == [False, True, True]
    assert {camera.state for camera in graph.feeds.values()} == {State.IDLE}
    graph.close()


def test_an_unused_model_is_checked_too(folder: Path) -> None:
    text = """
        services:
          - {name: shapes, type: mlmodel, model: tflite_cpu, attributes: {model_path: shapes.tflite}}
        """
    graph = Graph(config(text, folder), clock=FakeClock())
    with pytest.raises(ConfigError, match=r"services\[0\].attributes.model_path: .*shapes.tflite: is not"):
        graph.open()
    graph.close()


def test_an_unusable_model_is_a_configuration_error(folder: Path) -> None:
    graph = Graph(config(CHAIN, folder), clock=FakeClock())
    with pytest.raises(ConfigError) as raised:
        graph.open()
    graph.close()
    (problem,) = raised.value.problems
    assert str(problem) == (
        "test.yaml:16:75: services[0].attributes.model_path: "
        f"{folder / 'shapes.tflite'}: is not a TFLite model but text: 'this is no model'"
    )


def test_a_kind_that_a_model_does_not_give_is_a_configuration_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_label_that_a_service_never_gives_is_logged_as_a_warning(
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


def test_a_label_of_redact_that_a_service_never_gives_is_an_error(
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


def test_models_are_released_after_the_check(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_camera_with_preload_runs_without_viewers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeVision("shapes", classifications=[Classification("star", 0.9)])
    monkeypatch.setattr("pipeline.graph.make_services", lambda config: {"shapes": service})
    text = CHAIN.replace("- name: named", "- name: named\n        preload: true")
    graph = Graph(config(text, folder), clock=FakeClock())
    graph.open()
    assert graph.feeds["named"].watched
    assert graph.feeds["scene"].watched
    assert not graph.feeds["cut"].watched
    graph.close()


def test_a_model_that_fails_to_load_later_is_an_error_of_the_camera(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = FakeVision("shapes")
    graph = with_service(folder, service, monkeypatch)
    graph.open()
    service.fails = ModelError("shapes.tflite: the file is missing")
    clock = graph.feeds["named"]._clock
    assert isinstance(clock, FakeClock)
    with graph.feeds["named"].watch():
        assert clock.paused.acquire(timeout=5)
        assert graph.feeds["named"].error == "pipeline[0] (classifications): shapes.tflite: the file is missing"
        assert graph.feeds["named"].state is State.OFFLINE
    graph.close()


class FedAttributes(NoAttributes):
    """Attributes of a camera that the test feeds."""

    green: int = 0


class Fed(FakeCamera):
    """A camera with a model name: it gives one frame when it opens, and then the frames of the test."""

    model_name = "fed"
    attributes_type = FedAttributes
    opened_for: ClassVar[dict[str, list[Fed]]] = {}

    def __init__(self, name: str, attributes: FedAttributes, *, paced: bool = True) -> None:
        super().__init__(name)
        self.color = (0, attributes.green, 0)
        self.give(frame(color=self.color))

    def open(self) -> None:
        super().open()
        self.opened_for.setdefault(self.name, []).append(self)


class FedAnnotated(Fed):
    """A camera whose frames come with annotations, like a camera of another machine."""

    model_name = "fed_annotated"
    annotates = True

    def __init__(self, name: str, attributes: FedAttributes, *, paced: bool = True) -> None:
        FakeCamera.__init__(self, name)
        self.give(frame().with_annotations([Classification("moon", 0.8)]))


FED = replace(BUILT_IN, cameras={**BUILT_IN.cameras, "fed": Fed, "fed_annotated": FedAnnotated})
STREET = """
    cameras:
      - {name: porch, model: fed, attributes: {green: 100}}
      - {name: gate, model: fed}
      - name: named
        model: transform
        attributes: {source: porch, pipeline: [{type: classifications, attributes: {classifier_name: shapes}}]}
    services:
      - name: shapes
        type: vision
        model: color_detector
        attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1}
"""


class Street:
    """A graph of cameras that the test feeds, with services that detect a star."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kinds = frozenset({"classifications"})
        monkeypatch.setattr(Fed, "opened_for", {})
        monkeypatch.setattr("pipeline.graph.make_services", self._services)
        self.clock = FakeClock()
        self.graph = Graph(self._config(STREET), clock=self.clock)
        self.graph.open()

    def become(self, text: str) -> Changes:
        return self.graph.reconfigure(self._config(text))

    def camera(self, name: str) -> Fed:
        """Return the camera last opened under a name, after its first frame."""
        return Fed.opened_for[name][-1]

    def run_until(self, done: Callable[[], object], watch: Watch, numbers: Iterator[int]) -> list[int]:
        """Give frames of ``porch``, each once the one before was watched, until it is done; return their sequence."""
        sequences = []
        while not done():
            self.camera("porch").give(frame(next(numbers)))
            sequences.append(watch.get(5).sequence)
        return sequences

    def _config(self, text: str) -> Config:
        return parse(dedent(text), "street.yaml", Path(), tables=FED)

    def _services(self, config: Config) -> dict[str, FakeVision]:
        made = {name: FakeVision(name, classifications=[Classification("star", 0.9)]) for name in config.services}
        for service in made.values():
            service.kinds = self.kinds
        return made


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    built = Street(monkeypatch)
    yield built
    built.graph.close()


def test_a_configuration_that_changes_nothing_touches_nothing(lane: Street) -> None:
    feeds, services = dict(lane.graph.feeds), dict(lane.graph.services)
    producers = {name: feed.producer for name, feed in feeds.items()}
    changes = lane.become(STREET)
    assert changes == Changes(
        Difference(unchanged=("porch", "gate", "named")),
        Difference(unchanged=("shapes",)),
    )
    assert (lane.graph.feeds, lane.graph.services) == (feeds, services)
    assert {name: feed.producer for name, feed in lane.graph.feeds.items()} == producers
    assert list(lane.graph.feeds) == ["porch", "gate", "named"]


def test_a_changed_camera_keeps_its_watches_and_others_are_untouched(lane: Street) -> None:
    named, porch, gate = (lane.graph.feeds[name] for name in ("named", "porch", "gate"))
    with named.watch() as watch, gate.watch() as beside:
        before, producer, held = watch.get(5), named.producer, beside.get(5)
        changes = lane.become(STREET.replace("green: 100", "green: 200"))
        after = watch.get(5)
        lane.camera("gate").give(frame(1))
        assert (beside.get(5).sequence, len(Fed.opened_for["gate"])) == (held.sequence + 1, 1)
    assert (changes.cameras.changed, changes.cameras.unchanged) == (("porch",), ("gate", "named"))
    assert lane.graph.feeds["porch"] is porch and named.producer is producer
    assert (before.image[0, 0, 1], after.image[0, 0, 1]) == (100, 200)
    assert after.time_s > before.time_s and after.sequence > before.sequence


def test_a_changed_service_replaces_the_old_one_in_its_cameras(lane: Street) -> None:
    old = lane.graph.services["shapes"]
    named = lane.graph.feeds["named"]
    with named.watch() as watch:
        watch.get(5)
        changes = lane.become(STREET.replace("#ff0000", "#00ff00"))
        new = lane.graph.services["shapes"]
        assert isinstance(new, FakeVision) and new is not old
        sequences = lane.run_until(lambda: new.inferences > 1, watch, count(1))
        assert sequences == list(range(1, 1 + len(sequences)))
        assert new.loaded
        assert len(Fed.opened_for["porch"]) == 1, "the source of the camera continues"
    assert (changes.cameras.changed, changes.services.changed) == (("named",), ("shapes",))


class Loading:
    """Holds the second load of each service, the one of its line, until the test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.may_end = threading.Semaphore(0), threading.Semaphore(0)
        self.fails: Exception | None = None
        loads: dict[FakeVision, int] = {}

        def load(service: FakeVision) -> None:
            loads[service] = loads.get(service, 0) + 1
            if loads[service] > 1:
                self.begun.release()
                assert self.may_end.acquire(timeout=10)
                if self.fails is not None:
                    raise self.fails
            service.loaded = True

        monkeypatch.setattr(FakeVision, "_load", load)


def test_a_line_goes_on_while_another_model_is_loaded(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    named = lane.graph.feeds["named"]
    with named.watch() as watch:
        first, version = watch.get(5), named.version
        loading = Loading(monkeypatch)
        lane.become(STREET.replace("#ff0000", "#00ff00"))
        assert loading.begun.acquire(timeout=5)
        for number in (1, 2):
            lane.camera("porch").give(frame(number))
            assert watch.get(5).sequence == first.sequence + number
        assert (named.state, named.version) == (State.RUNNING, version)
        loading.may_end.release()
        sequences = lane.run_until(lambda: lane.graph.services["shapes"].inferences > 1, watch, count(3))
        assert sequences == list(range(first.sequence + 3, first.sequence + 3 + len(sequences)))
        assert named.version != version


def test_lines_on_a_line_that_is_replaced_go_on(lane: Street) -> None:
    text = STREET.replace(
        "services:",
        "  - {name: last, model: transform, attributes: {source: named, pipeline: [{type: identity}]}}\n    services:",
    )
    lane.become(text)
    last = lane.graph.feeds["last"]
    with last.watch() as watch:
        sequences = [watch.get(5).sequence]
        run = last._run
        changes = lane.become(text.replace("{type: classifications", "{type: flip}, {type: classifications"))
        assert changes.replaced == ("named",)
        named, version = lane.graph.feeds["named"], lane.graph.feeds["named"].version
        sequences += lane.run_until(lambda: named.version != version, watch, count(1))
    assert (sequences, last._run) == (list(range(len(sequences))), run)


def test_a_model_that_cannot_be_loaded_any_more_is_shown(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    named = lane.graph.feeds["named"]
    with named.watch() as watch:
        watch.get(5)
        loading = Loading(monkeypatch)
        loading.fails = ModelError("shapes.tflite: the file is missing")
        lane.become(STREET.replace("#ff0000", "#00ff00"))
        assert (loading.begun.acquire(timeout=5), named.error) == (True, None)
        loading.may_end.release()
        assert lane.clock.paused.acquire(timeout=5)
        assert (named.state, named.error) == (
            State.OFFLINE,
            "pipeline[0] (classifications): shapes.tflite: the file is missing",
        )
        loading.fails = None
        loading.may_end.release(10)
        assert watch.get(5).annotations


class Opening:
    """A street whose line is watched, while its next one loads a model."""

    def __init__(self, lane: Street, monkeypatch: pytest.MonkeyPatch, text: str = STREET) -> None:
        lane.become(text)
        self.named = lane.graph.feeds["named"]
        self.watch = self.named.watch()
        self.watch.get(5)
        self.loading = Loading(monkeypatch)
        lane.become(text.replace("#ff0000", "#00ff00"))
        service = lane.graph.services["shapes"]
        assert isinstance(service, FakeVision)
        self.service = service
        assert self.loading.begun.acquire(timeout=5)


def test_another_change_while_a_line_opens_gives_that_one_up(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = Opening(lane, monkeypatch)
    lane.become(STREET.replace("#ff0000", "#0000ff"))
    opening.loading.may_end.release(10)
    lane.run_until(lambda: lane.graph.services["shapes"].inferences, opening.watch, count(1))
    opening.watch.close()
    lane.graph.close()
    assert opening.service.inferences == 0
    assert not opening.service.loaded


def test_a_graph_can_be_closed_while_a_line_opens(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = Opening(lane, monkeypatch)
    opening.loading.may_end.release(10)
    lane.graph.close()
    with pytest.raises(SlotClosed):
        opening.watch.get(5)
    opening.watch.close()
    assert not opening.service.loaded


def test_the_last_viewer_may_leave_while_a_line_opens(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = Opening(lane, monkeypatch)
    opening.watch.close()
    lane.clock.advance(10)
    lane.clock.advance(10)
    assert (opening.named.state, lane.graph.feeds["porch"].state) == (State.IDLE, State.IDLE)
    opening.loading.may_end.release(10)
    with opening.named.watch() as watch:
        assert watch.get(5).annotations
    assert opening.service.inferences == 1


def test_a_line_without_viewers_that_is_kept_running_goes_on_too(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    text = STREET.replace("name: named", "name: named\n        preload: true")
    opening = Opening(lane, monkeypatch, text)
    opening.watch.close()
    assert opening.named.state is State.RUNNING
    opening.loading.may_end.release(10)
    with opening.named.watch() as watch:
        watch.get(5)
        lane.run_until(lambda: opening.service.inferences, watch, count(1))


def test_a_source_that_was_removed_does_not_start_again(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    text = STREET.replace("name: named", "name: named\n        preload: true")
    lane.become(text.replace("source: porch", "source: gate"))
    gate, named = lane.graph.feeds["gate"], lane.graph.feeds["named"]
    with named.watch() as watch:
        watch.get(5)
    loading = Loading(monkeypatch)
    without = text.replace("      - {name: gate, model: fed}\n", "").replace("#ff0000", "#00ff00")
    lane.become(without)
    assert loading.begun.acquire(timeout=5)
    with named.watch() as watch:
        assert gate.state is State.IDLE
        loading.may_end.release(10)
        assert watch.get(5).annotations
    assert len(Fed.opened_for["gate"]) == 1


def test_a_picture_of_before_is_not_kept(lane: Street) -> None:
    text = STREET.replace(
        "services:",
        "  - {name: cut, model: transform, attributes: {source: porch, "
        "pipeline: [{type: crop, attributes: {x_max_px: 0.5, y_max_px: 1}}]}}\n"
        "      - {name: last, model: transform, attributes: {source: cut, pipeline: [{type: identity}]}}\n"
        "    services:",
    )
    lane.become(text)
    feeds = [lane.graph.feeds[name] for name in ("porch", "cut", "last")]
    with feeds[2].watch() as watch:
        watch.get(5)
    lane.clock.advance(10)
    assert [feed.state for feed in feeds] == [State.IDLE] * 3
    kept = feeds[0].held()
    assert kept is not None
    assert [feed.held() is None for feed in feeds] == [False, False, False]
    assert lane.become(text.replace("0.5", "0.25")).exchanged == ("cut",)
    assert [feed.held() is None for feed in feeds] == [False, True, True]


def test_what_is_to_be_hidden_is_not_shown_while_the_model_is_loaded(
    lane: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane.kinds = frozenset({"classifications", "detections"})
    lane.become(STREET.replace("#ff0000", "#0000ff"))
    named = lane.graph.feeds["named"]
    with named.watch() as watch:
        watch.get(5)
        loading = Loading(monkeypatch)
        hidden = "{type: redact, attributes: {detector_name: shapes}}, {type: classifications"
        lane.become(STREET.replace("{type: classifications", hidden).replace("#ff0000", "#00ff00"))
        assert named.latest is None
        lane.camera("porch").give(frame(1))
        assert loading.begun.acquire(timeout=5)
        assert named.latest is None
        loading.may_end.release(10)


def test_a_camera_is_added_in_order_with_its_services(lane: Street) -> None:
    watched = lane.graph.feeds
    changes = lane.become(
        STREET.replace(
            "services:",
            """  - {name: shed, model: fed, preload: true}
      - name: again
        model: transform
        attributes: {source: shed, pipeline: [{type: classifications, attributes: {classifier_name: forms}}]}
    services:
      - name: forms
        type: vision
        model: color_detector
        attributes: {detect_color: "#0000ff", hue_tolerance_pct: 0.1}""",
        )
    )
    assert (changes.cameras.added, changes.services.added) == (("shed", "again"), ("forms",))
    assert list(lane.graph.feeds) == ["porch", "gate", "named", "shed", "again"]
    assert list(watched) == ["porch", "gate", "named"], "the old mapping never changes"
    assert lane.graph.feeds["shed"].watched and not lane.graph.feeds["again"].watched
    with lane.graph.feeds["again"].watch() as watch:
        assert [annotation.label for annotation in watch.get(5).annotations] == ["star"]


def test_a_removed_camera_ends_its_watches_for_good(lane: Street) -> None:
    lane.become(STREET.replace("name: named", "name: named\n        preload: true"))
    named, porch = lane.graph.feeds["named"], lane.graph.feeds["porch"]
    watch = named.watch()
    watch.get(5)
    text = STREET[: STREET.index("      - name: named")]
    changes = lane.become(text)
    with pytest.raises(SlotClosed):
        watch.get(5)
    watch.close()
    assert (changes.cameras.removed, changes.services.removed) == (("named",), ("shapes",))
    assert (list(lane.graph.feeds), lane.graph.services) == (["porch", "gate"], {})
    with pytest.raises(RuntimeError, match="camera named is closed"):
        named.watch()
    assert not porch.watched, "the removed camera no longer adds demand"
    lane.clock.advance(3600)
    assert porch.state is State.IDLE
    lane.become(STREET)
    with lane.graph.feeds["named"].watch() as again:
        again.get(5)


def test_a_camera_that_is_renamed_is_closed_before_it_is_opened_again(
    lane: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_then: list[tuple[str, list[str]]] = []
    opens = Fed.open

    def note(camera: Fed) -> None:
        others = [made[-1] for made in Fed.opened_for.values()]
        open_then.append((camera.name, [other.name for other in others if not other.closed.is_set()]))
        opens(camera)

    monkeypatch.setattr(Fed, "open", note)
    named = lane.graph.feeds["named"]
    with named.watch() as watch:
        before = watch.get(5)
        changes = lane.become(STREET.replace("porch", "front"))
        assert (changes.cameras.added, changes.cameras.removed, changes.replaced) == (
            ("front",),
            ("porch",),
            ("named",),
        )
        assert watch.get(5).sequence == before.sequence + 1, "the same viewers go on"
    assert open_then == [("porch", []), ("front", [])]


def test_settings_are_restored_when_no_thread_can_start(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, porch = lane.graph, lane.graph.feeds["porch"]
    config, start = porch.config, Source.start
    with graph.feeds["gate"].watch(), porch.watch() as watch:
        watch.get(5)

        def refused(source: Source, output: Output, executor: Executor, previous: Run | None = None) -> Run:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(Source, "start", refused)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            lane.become(
                STREET.replace("name: porch", "name: porch, preload: true, linger_s: 3").replace(
                    "gate, model: fed", "gate, model: fed, attributes: {green: 1}"
                )
            )
        monkeypatch.setattr(Source, "start", start)
        assert (porch.config, porch.kept, graph.config.cameras["porch"]) == (config, False, config)
        lane.camera("porch").give(frame(1))
        assert watch.get(5).sequence == 1
    assert len(Fed.opened_for["porch"]) == 1


@pytest.mark.parametrize(
    "setting",
    ["linger_s: 3", "preload: true", "private: true", "stream: {bitrate: 300000}", "style: {line_width_px: 9}"],
)
def test_a_changed_setting_leaves_the_camera_running(lane: Street, setting: str) -> None:
    porch, named = lane.graph.feeds["porch"], lane.graph.feeds["named"]
    with named.watch() as watch:
        before = watch.get(5)
        run, version = porch._run, named.version
        changes = lane.become(STREET.replace("name: porch", f"name: porch, {setting}"))
        assert (changes.cameras.changed, changes.replaced) == (("porch",), ())
        assert porch.config == lane.graph.config.cameras["porch"]
        assert (porch._run, named.version) == (run, version)
        lane.camera("porch").give(frame(1))
        assert watch.get(5).sequence == before.sequence + 1
    assert len(Fed.opened_for["porch"]) == 1


THRESHOLD = STREET.replace("classifier_name: shapes", "classifier_name: shapes, confidence_threshold: 0.95")


def test_a_changed_threshold_leaves_the_line_running(lane: Street) -> None:
    named = lane.graph.feeds["named"]
    with named.watch() as watch:
        before = watch.get(5)
        run, version, session = named._run, named.version, lane.graph.services["shapes"]._sessions
        changes = lane.become(THRESHOLD)
        assert (changes.cameras.changed, changes.replaced, changes.exchanged) == (("named",), (), ("named",))
        assert named.config == lane.graph.config.cameras["named"]
        assert named.summary()["transforms"][0]["attributes"]["confidence_threshold"] == 0.95
        assert (named._run, named.version, lane.graph.services["shapes"]._sessions) == (run, version, session)
        lane.camera("porch").give(frame(1))
        after = watch.get(5)
        assert (len(before.annotations), after.annotations) == (1, ())
        assert after.sequence == before.sequence + 1
    assert len(Fed.opened_for["porch"]) == 1


def test_attributes_are_restored_when_no_thread_can_start(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    named, gate = lane.graph.feeds["named"], lane.graph.feeds["gate"]
    start = Source.start

    def refused(source: Source, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        raise RuntimeError("can't start new thread")

    with named.watch() as watch, gate.watch() as beside:
        watch.get(5), beside.get(5)
        monkeypatch.setattr(Source, "start", refused)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            # The feeds change in the order of the file: the line before the camera that cannot be started.
            text = THRESHOLD.replace("      - {name: gate, model: fed}\n", "")
            lane.become(
                text.replace("services:", "  - {name: gate, model: fed, attributes: {green: 1}}\n    services:")
            )
        monkeypatch.setattr(Source, "start", start)
        assert named.config.attributes == lane.graph.config.cameras["named"].attributes
        lane.camera("porch").give(frame(1))
        assert len(watch.get(5).annotations) == 1


def test_attributes_that_cannot_work_are_refused_before_they_are_exchanged(lane: Street) -> None:
    text = STREET.replace(
        "classifications, attributes: {classifier_name: shapes", "redact, attributes: {detector_name: shapes"
    )
    lane.kinds = frozenset({"classifications", "detections"})
    lane.become(text.replace("#ff0000", "#00ff00"))
    lane.graph.services["shapes"].labels = ("person",)
    with pytest.raises(ConfigError, match='service shapes gives no "persn"'):
        lane.become(text.replace("#ff0000", "#00ff00").replace("_name: shapes", "_name: shapes, valid_labels: [persn]"))
    assert lane.graph.feeds["named"].summary()["transforms"][0]["attributes"]["valid_labels"] == []


def test_another_linger_applies_to_a_camera_that_lingers(lane: Street) -> None:
    porch = lane.graph.feeds["porch"]
    with porch.watch() as watch:
        watch.get(5)
    lane.become(STREET.replace("name: porch", "name: porch, linger_s: 3"))
    lane.clock.advance(2.9)
    assert porch.summary()["state"] == "running"
    lane.become(STREET.replace("name: porch", "name: porch, linger_s: 3, private: true"))
    lane.clock.advance(0.1)
    assert porch.summary()["state"] == "idle", "another setting does not prolong it"


def test_closing_drops_all_scheduled_actions(lane: Street) -> None:
    lane.clock.call_later(60, lambda: None)
    lane.graph.close()
    assert lane.clock.timers == []


def test_closing_waits_for_cameras_that_were_removed_before(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, release = lane.graph.feeds["gate"], threading.Event()
    with gate.watch() as watch:
        watch.get(5)
    camera, wait = lane.camera("gate"), ThreadRun.wait
    close = camera.close

    def close_late() -> None:
        assert release.wait(10)
        close()

    def released(run: ThreadRun, limit_s: float | None = None) -> bool:
        if run is gate._run and limit_s:
            release.set()
        return wait(run, limit_s)

    monkeypatch.setattr(camera, "close", close_late)
    monkeypatch.setattr(ThreadRun, "wait", released)
    lane.become(STREET.replace("      - {name: gate, model: fed}\n", ""))
    lane.become(STREET.replace("name: gate", "name: another"))
    run = gate._run
    assert run is not None and not run.wait(0)
    lane.graph.close()
    ended = run.wait(0)
    release.set()
    assert ended


def test_a_camera_that_becomes_private_ends_its_watches_but_not_its_readers(lane: Street) -> None:
    porch, named = lane.graph.feeds["porch"], lane.graph.feeds["named"]
    with porch.watch() as watch, named.watch() as other:
        watch.get(5)
        other.get(5)
        lane.become(STREET.replace("model: fed, attributes", "model: fed, private: true, attributes"))
        with pytest.raises(SlotClosed):
            while True:  # a frame of before may still be there
                watch.get(5)
        assert porch.config.private
        lane.camera("porch").give(frame(1))
        other.get(5)
    with porch.watch() as mine:
        assert mine.get(5)


def test_preload_follows_the_configuration(lane: Street) -> None:
    gate = lane.graph.feeds["gate"]
    lane.become(STREET.replace("name: gate", "name: gate, preload: true"))
    assert gate.watched
    lane.become(STREET)
    assert not gate.watched


def test_a_camera_and_its_source_can_be_swapped(lane: Street) -> None:
    first = STREET.replace(
        "services:",
        "  - {name: last, model: transform, attributes: {source: named, pipeline: [{type: identity}]}}\n    services:",
    )
    second = STREET.replace("source: porch", "source: last").replace(
        "services:",
        "  - {name: last, model: transform, attributes: {source: porch, pipeline: [{type: identity}]}}\n    services:",
    )
    lane.become(first)
    with lane.graph.feeds["named"].watch() as named, lane.graph.feeds["last"].watch() as last:
        named.get(5), last.get(5)
        lane.become(second)
        assert list(lane.graph.feeds) == ["porch", "gate", "last", "named"]
        lane.camera("porch").give(frame(1))
        assert [annotation.label for annotation in named.get(5).annotations] == ["star"]
        assert last.get(5).annotations == ()


def test_an_invalid_configuration_changes_nothing(lane: Street) -> None:
    graph = lane.graph
    before = (graph.config, graph.feeds, graph.services, {name: feed.producer for name, feed in graph.feeds.items()})
    lane.kinds = frozenset({"detections"})
    with pytest.raises(ConfigError, match="service shapes gives detections, not classifications"):
        lane.become(STREET.replace("#ff0000", "#00ff00").replace("green: 100", "green: 200").replace("gate", "door"))
    after = (graph.config, graph.feeds, graph.services, {name: feed.producer for name, feed in graph.feeds.items()})
    assert all(new is old for new, old in zip(after[:3], before[:3], strict=True))
    assert after[3] == before[3]


def test_producers_are_restored_when_no_thread_can_start(lane: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = lane.graph
    before = (graph.config, {name: feed.producer for name, feed in graph.feeds.items()})
    with graph.feeds["porch"].watch() as watch, graph.feeds["gate"].watch():
        watch.get(5)
        start = Source.start

        def refused(source: Source, output: Output, executor: Executor, previous: Run | None = None) -> Run:
            if source._name == "gate" and source is not before[1]["gate"]:
                raise RuntimeError("can't start new thread")
            return start(source, output, executor, previous)

        monkeypatch.setattr(Source, "start", refused)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            lane.become(
                STREET.replace("green: 100", "green: 200")
                .replace("name: porch", "name: porch, preload: true")
                .replace("gate, model: fed", "gate, model: fed, attributes: {green: 1}")
            )
        assert watch.get(5).image[0, 0, 1] in (100, 200)
        assert not graph.feeds["porch"].kept
        assert (graph.config, {name: feed.producer for name, feed in graph.feeds.items()}) == before
        assert graph.feeds["porch"].config.attributes == graph.config.cameras["porch"].attributes


def test_a_closed_graph_refuses_a_configuration(lane: Street) -> None:
    lane.graph.close()
    with pytest.raises(RuntimeError, match="the graph is closed"):
        lane.become(STREET.replace("gate", "door"))


def test_a_camera_whose_frames_come_with_annotations_annotates(lane: Street) -> None:
    lane.become(STREET.replace("gate, model: fed", "gate, model: fed_annotated"))
    gate = lane.graph.feeds["gate"]
    assert gate.annotates and not lane.graph.feeds["porch"].annotates
    with gate.watch() as watch:
        assert [annotation.label for annotation in watch.get(5).annotations] == ["moon"]


RELOADED = (
    STREET,
    STREET.replace("classifier_name: shapes", "classifier_name: shapes, confidence_threshold: 0.95"),
    STREET.replace("{type: classifications", "{type: flip}, {type: classifications"),
    STREET.replace("#ff0000", "#00ff00"),
    STREET.replace("green: 100", "green: 200"),
    STREET.replace("source: porch", "source: gate"),
    STREET.replace(
        "services:",
        "  - {name: last, model: transform, preload: true, attributes: {source: named, pipeline: [{type: identity}]}}"
        "\n    services:",
    ),
    STREET.replace("name: named", "name: named, preload: true").replace("name: named, ", "name: named\n        "),
)


def eventually(condition: Callable[[], object]) -> bool:
    """Return whether something becomes true soon, such as the end of threads that nobody waits for."""
    deadline_s = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        gc.collect()
        os.sched_yield()
    return True


def test_many_changes_leave_nothing_behind(lane: Street) -> None:
    graph, feeds = lane.graph, dict(lane.graph.feeds)
    named = graph.feeds["named"]
    made: weakref.WeakSet[object] = weakref.WeakSet()
    threads = threading.active_count() + available_cores() + 3  # two sources, and the watch of the workers
    numbers = count(1)
    watches = [named.watch(), named.watch(), graph.feeds["porch"].watch(), graph.feeds["gate"].watch()]
    for watch in watches:
        watch.get(5)
    for number in range(1, 4 * len(RELOADED) + 1):
        lane.become(RELOADED[number % len(RELOADED)])
        made.add(named.producer)
        made.add(graph.services["shapes"])
        while True:
            for name in ("porch", "gate"):
                lane.camera(name).give(frame(next(numbers)))
            watches[0].get(5)
            if named._succession.successor is None:
                break
        if number % len(RELOADED) == 0:
            assert (graph.config, graph.feeds) == (lane._config(STREET), feeds)
            assert [feed._users for feed in feeds.values()] == [3, 1, 2]
            lane.clock.advance(SUCCESSION_S)
            assert all([run.wait(5) for run in named._stopped])
            named._stopped.clear()
            assert eventually(lambda: set(made) == {named.producer, graph.services["shapes"]})
            assert eventually(lambda: threading.active_count() <= threads)
            assert len(lane.clock.timers) <= 1
    for watch in watches:
        watch.close()


def test_configurations_from_several_threads_apply_one_after_the_other(lane: Street) -> None:
    graph = lane.graph
    texts = [text for text in RELOADED if "last" not in text]

    def reload(texts: list[str]) -> None:
        for text in texts:
            lane.become(text)
            with graph.feeds["named"].watch():
                pass

    threads = [threading.Thread(target=reload, args=(each,)) for each in (2 * texts, 2 * texts[::-1])]
    with graph.feeds["named"].watch() as watch:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        lane.become(STREET)
        lane.run_until(lambda: graph.feeds["named"]._succession.successor is None, watch, count(1))
        assert [feed._users for feed in graph.feeds.values()] == [1, 0, 1]
