from __future__ import annotations

import threading
from typing import Any, cast, get_args

import pytest

from cameras import Caption, Detection, Frame
from tests.fakes import FakeVision, frame
from tests.transforms.services import Hangs, Looks
from transforms.askers import MODES, Asker, Sync, TimingAttributes, WithinDeadline
from transforms.detections import Detections, DetectionsAttributes
from vision import ModelError, UnsupportedKind, VisionService

THING = Detection("thing", 0.5, box=None)  # type: ignore[arg-type]


@pytest.fixture(params=["sync", "deadline"])
def asker(request: pytest.FixtureRequest) -> tuple[FakeVision, Asker]:
    service = FakeVision("faces", detections=[THING])
    return service, Sync(service) if request.param == "sync" else WithinDeadline(service, 60)


def workers(name: str = "faces") -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"ask {name}"]


def test_the_modes_of_the_yaml_are_those_of_the_table() -> None:
    assert set(get_args(TimingAttributes.model_fields["mode"].annotation)) == set(MODES)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_waits_for_an_answer_about_the_very_frame(mode: str) -> None:
    asks = MODES[mode](FakeVision("faces"), TimingAttributes.model_validate({"mode": mode}))
    assert (asks.mode, asks.result_age_s) == ("sync", 0.0)


def test_a_way_gets_the_timing_of_its_transform(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[VisionService[Any], float]] = []

    def way(service: VisionService[Any], timing: TimingAttributes) -> Asker:
        made.append((service, timing.max_age_s))
        return Sync(service)

    monkeypatch.setitem(cast(dict[str, Any], MODES), "sync", way)
    service = FakeVision("faces")
    Detections(DetectionsAttributes(detector_name="faces", mode="sync", max_age_s=0.25), {"faces": service})
    assert made == [(service, 0.25)]


@pytest.mark.parametrize("mode", ["latest", "delayed"])
def test_ways_that_are_not_there_yet_are_refused(mode: str) -> None:
    with pytest.raises(ValueError, match="Input should be 'auto' or 'sync'"):
        TimingAttributes.model_validate({"mode": mode})


def test_the_model_is_loaded_between_open_and_close(asker: tuple[FakeVision, Asker]) -> None:
    service, asks = asker
    with pytest.raises(ModelError, match="service faces is not open"):
        asks.ask(Detection, frame())
    asks.open()
    asks.open()
    assert service.loaded
    assert asks.ask(Detection, frame()) == (THING,)
    asks.close()
    asks.close()
    assert not service.loaded
    with pytest.raises(ModelError, match="service faces is not open"):
        asks.ask(Detection, frame())


def test_an_asker_that_was_never_asked_closes_too(asker: tuple[FakeVision, Asker]) -> None:
    service, asks = asker
    asks.open()
    asks.close()
    assert not service.loaded


def test_a_load_that_fails_may_be_tried_again(asker: tuple[FakeVision, Asker]) -> None:
    service, asks = asker
    service.fails = ModelError("broken")
    with pytest.raises(ModelError, match="broken"):
        asks.open()
    service.fails = None
    asks.open()
    assert asks.ask(Detection, frame()) == (THING,)
    asks.close()


def test_what_a_service_raises_is_raised_where_it_was_asked(asker: tuple[FakeVision, Asker]) -> None:
    service, asks = asker
    service.kinds = frozenset({"detections"})
    asks.open()
    with pytest.raises(UnsupportedKind):
        asks.ask(Caption, frame())
    assert asks.ask(Detection, frame()) == (THING,)
    asks.close()


def test_its_inferences_are_counted_over_all_its_sessions(asker: tuple[FakeVision, Asker]) -> None:
    _, asks = asker
    picture = frame()
    for _ in range(2):
        asks.open()
        asks.ask(Detection, picture)
        asks.ask(Detection, frame())
        asks.close()
    assert asks.inferences == 3


def test_one_thread_asks_about_all_frames_and_ends_with_the_asker() -> None:
    threads = set[int]()

    def look(frame: Frame) -> tuple[Detection, ...]:
        threads.add(threading.get_ident())
        return ()

    asks = WithinDeadline(Looks("faces", detect=look), 60)
    asks.open()
    for number in range(100):
        asks.ask(Detection, frame(number))
    assert len(threads) == len(workers()) == 1
    assert threads != {threading.get_ident()}
    asks.close()
    assert workers() == []


def test_a_stuck_service_gets_no_further_question_and_is_left_behind() -> None:
    service = Hangs("faces")
    asks = WithinDeadline(service, 0.01)
    asks.open()
    with pytest.raises(TimeoutError, match="the detector did not answer within 0.01 s"):
        asks.ask(Detection, frame())
    assert service.asked.acquire(timeout=5)
    with pytest.raises(TimeoutError, match="the detector is still busy with an earlier frame"):
        asks.ask(Detection, frame())
    asks.close()  # returns although the service does not
    (left,) = workers()
    assert service.loaded, "what is still asked must not lose its model"
    asks.open()
    with pytest.raises(TimeoutError, match="the detector is still busy with an earlier frame"):
        asks.ask(Detection, frame())
    assert workers() == [left]
    assert not service.asked.acquire(blocking=False)
    asks.close()
    service.let_go.set()
    left.join(5)
    assert not left.is_alive() and not service.loaded


def test_a_service_that_comes_back_is_asked_again() -> None:
    service = Hangs("faces")
    asks = WithinDeadline(service, 0.01)
    asks.open()
    with pytest.raises(TimeoutError):
        asks.ask(Detection, frame())
    service.let_go.set()
    asks.close()
    for worker in workers():
        worker.join(5)
    asks.deadline_s = 60
    asks.open()
    assert asks.ask(Detection, frame()) == ()
    asks.close()
