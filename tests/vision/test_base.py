from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, cast

import pytest

from cameras import BoundingBox, Classification, Detection, Frame, Prediction, working_for
from tests.fakes import CountingVision, FakeVision, frame
from tests.places import WatchedPlace
from tests.transforms.services import HangingVision
from vision import INFERENCE_LIMIT, ModelError, Predictor, Session, UnsupportedKind

CAT = Classification("cat", 0.5)


def test_the_first_session_loads_and_the_last_one_releases() -> None:
    service = FakeVision()
    one, other = service.open_session(), service.open_session()
    one.close()
    assert service.loaded
    assert other.predict(Classification, frame()) == ()
    other.close()
    assert not service.loaded
    with service.open_session():
        assert service.loaded
    assert not service.loaded


def test_closing_twice_closes_once() -> None:
    service = FakeVision()
    with service.open_session() as kept:
        closed = service.open_session()
        closed.close()
        closed.close()
        assert service.loaded
        kept.predict(Classification, frame())


def test_a_load_that_fails_leaves_nothing_open() -> None:
    service = FakeVision()
    service.fails = ModelError("broken")
    with pytest.raises(ModelError, match="broken"):
        service.open_session()
    service.fails = None
    with service.open_session():
        assert service.loaded
    assert not service.loaded


def test_a_failed_session_does_not_release_what_others_use() -> None:
    service = CountingVision()
    service.broken = True
    with pytest.raises(ModelError, match="broken"):
        service.open_session()
    assert not service.loaded
    service.broken = False
    with service.open_session():
        service.broken = True
        with pytest.raises(ModelError, match="broken"):
            service.open_session()
        assert service.loaded
    assert not service.loaded


def test_inspecting_releases_everything() -> None:
    service = CountingVision()
    service.inspect()
    assert not service.loaded
    assert service.kinds == {"classifications"}


def test_sessions_share_the_predictions_for_a_picture() -> None:
    service = FakeVision(classifications=[CAT])
    assert (service.inferences, service.inference_s) == (0, 0.0)
    picture = frame()
    together = threading.Barrier(6)

    def predict(session: Session) -> object:
        together.wait()
        return session.predict(Classification, picture)

    sessions = [service.open_session() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(predict, sessions)) == {(CAT,)}
    assert service.inferences == sum(session.inferences for session in sessions) == 1
    assert service.inference_s > 0
    for session in sessions:
        session.close()


def test_a_session_counts_only_its_own_inferences() -> None:
    service = FakeVision(classifications=[CAT])
    with service.open_session() as one, service.open_session() as other:
        picture = frame()
        one.predict(Classification, picture)
        assert other.predict(Classification, picture) == (CAT,)
        other.predict(Classification, frame())
        one.predict(Detection, picture)
        assert (one.inferences, other.inferences, service.inferences) == (2, 1, 3)


def test_inferences_of_many_threads_are_all_counted() -> None:
    service = FakeVision()

    def predict(_: int) -> int:
        with service.open_session() as session:
            for number in range(50):
                session.predict(Detection, frame(number))
            return session.inferences

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(predict, range(8))) == [50] * 8
    assert service.inferences == 400


def test_a_stateful_service_keeps_state_per_session() -> None:
    service, picture = CountingVision(), frame()
    with service.open_session() as one, service.open_session() as other:
        labels = [session.predict(Classification, picture)[0].label for session in (one, one, other)]
        assert labels == ["1", "2", "1"]
        assert (one.inferences, other.inferences) == (2, 1)


def test_two_services_do_not_share_cached_predictions() -> None:
    picture = frame()
    cats, dogs = (FakeVision(classifications=[Classification(label, 0.5)]) for label in ("cat", "dog"))
    with cats.open_session() as of_cats, dogs.open_session() as of_dogs:
        assert of_cats.predict(Classification, picture)[0].label == "cat"
        assert of_dogs.predict(Classification, picture)[0].label == "dog"


def test_a_closed_session_raises() -> None:
    session = FakeVision("coco").open_session()
    session.close()
    with pytest.raises(ModelError, match="service coco is not open"):
        session.predict(Detection, frame())


def test_an_unsupported_kind_is_refused() -> None:
    service = FakeVision("coco")
    service.kinds = frozenset({"detections"})
    with service.open_session() as session, pytest.raises(UnsupportedKind) as caught:
        session.predict(Classification, frame())
    assert str(caught.value) == "service coco gives detections, not classifications"


@dataclass(frozen=True, slots=True)
class Spot(Prediction):
    kind: ClassVar[str] = "spot"
    plural: ClassVar[str] = "spots"


@dataclass(frozen=True, slots=True)
class Face(Detection):
    """A subclass of a built-in kind."""


class Spotter(FakeVision):
    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        return {**super()._predictors(), Spot: lambda frame, session: (Spot("here", 1.0),)}


ADVICE = "an undeclared kind of prediction that clients cannot request; declare it in the class: predictions = "


def test_an_undeclared_kind_of_prediction_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    service = Spotter("eyes")
    for _ in range(2):
        with service.open_session() as session:
            assert session.predict(Spot, frame()) == (Spot("here", 1.0),)
    assert caplog.messages == [f"service eyes: {__name__}.Spotter returns Spot, {ADVICE}(Spot,)"]


@pytest.mark.parametrize("stateful", [False, True])
def test_an_undeclared_kind_among_other_predictions_is_logged_once(
    stateful: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeVision, "stateful", stateful)
    monkeypatch.setattr(FakeVision, "predictions", (Face,))
    service = FakeVision("eyes", classifications=[CAT, Spot("here", 1.0)])  # type: ignore[list-item]
    with service.open_session() as session:
        for _ in range(2):
            assert len(session.predict(Classification, frame())) == 2
    assert caplog.messages == [f"service eyes: tests.fakes.FakeVision returns Spot, {ADVICE}(Face, Spot,)"]


def test_known_kinds_of_predictions_and_their_subclasses_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    service = Spotter("eyes", detections=[Face("face", 1.0, box=BoundingBox(0, 0, 1, 1))])
    service.known_predictions |= {Spot}
    with service.open_session() as session:
        session.predict(Spot, frame())
        session.predict(Detection, frame())
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("found", "got"),
    [
        (None, "NoneType"),
        (iter(()), "tuple_iterator"),
        ([("person", 0.9)], "list of tuple"),
        ((CAT, 5, "cat"), "tuple of int, str"),
    ],
)
def test_a_result_without_predictions_is_refused(found: object, got: str) -> None:
    class Broken(FakeVision):
        def _predictors(self) -> Mapping[type[Prediction], Predictor]:
            return {Classification: lambda frame, session: cast(tuple[Prediction, ...], found)}

    with Broken("eyes").open_session() as session, pytest.raises(ModelError) as caught:
        session.predict(Classification, frame())
    assert str(caught.value) == f"service eyes: its predictor must return a tuple of predictions, got {got}"


def test_who_waits_for_the_inference_of_another_is_told_when_it_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(INFERENCE_LIMIT, "seconds", 0.02)
    service, shown = HangingVision("slow"), frame()
    with ThreadPoolExecutor(1) as pool, service.open_session() as one, service.open_session() as other:
        first = pool.submit(given_up, one, shown)
        assert service.called.acquire(timeout=5)
        with pytest.raises(ModelError, match="service slow hangs in an earlier inference"):
            other.predict(Detection, shown)
        with pytest.raises(ModelError, match="service slow hangs in an earlier inference"):
            other.predict(Detection, frame(pts=1))
        one.close()
        other.close()
        assert service.loaded, "another one would hang too"
        service.released.set()
        assert first.result(5) == ()
    assert service.error is None
    assert not service.loaded


def given_up(session: Session, shown: Frame) -> tuple[Detection, ...]:
    """Predict on a thread that is given up by itself."""
    with working_for(WatchedPlace(given_up_after_s=0.01)):
        return session.predict(Detection, shown)
