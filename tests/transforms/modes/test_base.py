from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast, get_args

import pytest

from cameras import Caption, Detection, Frame
from tests.fakes import FakeVision, frame
from tests.transforms.services import FunctionVision, HangingVision
from transforms.detections import Detections, DetectionsAttributes
from transforms.modes import (
    MODES,
    AutoInference,
    DeadlineInference,
    InferenceAttributes,
    InferenceMode,
    LatestInference,
    SyncInference,
)
from vision import ModelError, UnsupportedKind, VisionService

THING = Detection("thing", 0.5, box=None)  # type: ignore[arg-type]


@pytest.fixture(params=["sync", "deadline", "latest", "auto"])
def closed_mode(request: pytest.FixtureRequest) -> tuple[FakeVision, InferenceMode]:
    service = FakeVision("faces", detections=[THING])
    modes: dict[str, Callable[[], InferenceMode]] = {
        "sync": lambda: SyncInference(service),
        "deadline": lambda: DeadlineInference(service, 60),
        "latest": lambda: LatestInference(service, 60),
        "auto": lambda: AutoInference(service),
    }
    return service, modes[request.param]()


def workers(name: str = "faces") -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"inference {name}"]


def test_the_attribute_mode_allows_the_modes_of_the_table() -> None:
    assert set(get_args(InferenceAttributes.model_fields["mode"].annotation)) == set(MODES)


def test_a_mode_reports_its_name() -> None:
    names = {
        word: MODES[word](FakeVision("faces"), InferenceAttributes.model_validate({"mode": word})).mode
        for word in MODES
    }
    assert names == {"sync": "sync", "latest": "latest", "delayed": "delayed", "auto": "sync"}


def test_a_mode_gets_the_attributes_of_its_transform(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[VisionService[Any], float]] = []

    def factory(service: VisionService[Any], attributes: InferenceAttributes) -> InferenceMode:
        made.append((service, attributes.max_age_s))
        return SyncInference(service)

    monkeypatch.setitem(cast(dict[str, Any], MODES), "sync", factory)
    service = FakeVision("faces")
    Detections(DetectionsAttributes(detector_name="faces", mode="sync", max_age_s=0.25), {"faces": service})
    assert made == [(service, 0.25)]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="Input should be 'auto', 'sync', 'latest' or 'delayed'"):
        InferenceAttributes.model_validate({"mode": "fast"})


def test_the_model_is_loaded_between_open_and_close(closed_mode: tuple[FakeVision, InferenceMode]) -> None:
    service, inference = closed_mode
    with pytest.raises(ModelError, match="service faces is not open"):
        inference.predict(Detection, frame())
    inference.open()
    inference.open()
    assert service.loaded
    assert inference.predict(Detection, frame()) == (THING,)
    inference.close()
    inference.close()
    assert not service.loaded
    with pytest.raises(ModelError, match="service faces is not open"):
        inference.predict(Detection, frame())


def test_an_unused_mode_closes_its_session(closed_mode: tuple[FakeVision, InferenceMode]) -> None:
    service, inference = closed_mode
    inference.open()
    inference.close()
    assert not service.loaded


def test_a_failed_load_can_be_retried(closed_mode: tuple[FakeVision, InferenceMode]) -> None:
    service, inference = closed_mode
    service.fails = ModelError("broken")
    with pytest.raises(ModelError, match="broken"):
        inference.open()
    service.fails = None
    inference.open()
    assert inference.predict(Detection, frame()) == (THING,)
    inference.close()


def test_an_error_of_the_service_is_raised_by_predict(closed_mode: tuple[FakeVision, InferenceMode]) -> None:
    service, inference = closed_mode
    service.kinds = frozenset({"detections"})
    inference.open()
    with pytest.raises(UnsupportedKind):
        inference.predict(Caption, frame())
    assert inference.predict(Detection, frame()) == (THING,)
    inference.close()


@pytest.mark.parametrize("closed_mode", ["sync", "deadline", "auto"], indirect=True)
def test_inferences_are_counted_over_all_sessions(closed_mode: tuple[FakeVision, InferenceMode]) -> None:
    _, inference = closed_mode
    picture = frame()
    for _ in range(2):
        inference.open()
        inference.predict(Detection, picture)
        inference.predict(Detection, frame())
        inference.close()
    assert inference.inferences == 3


def test_one_thread_infers_all_frames_and_ends_at_close() -> None:
    threads = set[int]()

    def detect(frame: Frame) -> tuple[Detection, ...]:
        threads.add(threading.get_ident())
        return ()

    inference = DeadlineInference(FunctionVision("faces", detect=detect), 60)
    inference.open()
    for number in range(100):
        inference.predict(Detection, frame(number))
    assert len(threads) == len(workers()) == 1
    assert threads != {threading.get_ident()}
    inference.close()
    assert workers() == []


def test_a_stuck_service_gets_no_further_request_and_is_abandoned() -> None:
    service = HangingVision("faces")
    inference = DeadlineInference(service, 0.01)
    inference.open()
    with pytest.raises(TimeoutError, match="the detector did not answer within 0.01 s"):
        inference.predict(Detection, frame())
    assert service.called.acquire(timeout=5)
    with pytest.raises(TimeoutError, match="the detector is still busy with an earlier frame"):
        inference.predict(Detection, frame())
    inference.close()  # returns although the service does not
    (left,) = workers()
    assert service.loaded, "a running inference must keep its model"
    inference.open()
    with pytest.raises(TimeoutError, match="the detector is still busy with an earlier frame"):
        inference.predict(Detection, frame())
    assert workers() == [left]
    assert not service.called.acquire(blocking=False)
    inference.close()
    service.released.set()
    left.join(5)
    assert not left.is_alive() and not service.loaded


def test_a_service_that_recovers_is_used_again() -> None:
    service = HangingVision("faces")
    inference = DeadlineInference(service, 0.01)
    inference.open()
    with pytest.raises(TimeoutError):
        inference.predict(Detection, frame())
    service.released.set()
    inference.close()
    for worker in workers():
        worker.join(5)
    inference.deadline_s = 60
    inference.open()
    assert inference.predict(Detection, frame()) == ()
    inference.close()
