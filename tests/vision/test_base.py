from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cameras import Classification
from tests.fakes import FakeVision, frame
from vision import ModelError, UnsupportedKind


def test_the_first_loan_loads_and_the_last_one_lets_go() -> None:
    service = FakeVision()
    service.open()
    service.open()
    service.close()
    assert service.loaded
    service.close()
    assert not service.loaded
    service.close()
    service.open()
    assert service.loaded


def test_a_load_that_fails_leaves_no_loan() -> None:
    service = FakeVision()
    service.fails = ModelError("broken")
    with pytest.raises(ModelError, match="broken"):
        service.open()
    service.fails = None
    with service.borrowed():
        assert service.loaded
    assert not service.loaded


def test_inspecting_gives_everything_back() -> None:
    service = FakeVision()
    service.inspect()
    assert not service.loaded


def test_a_picture_is_looked_at_once_whoever_asks() -> None:
    service = FakeVision(classifications=[Classification("cat", 0.5)])
    picture = frame()
    together = threading.Barrier(6)

    def ask(_: int) -> object:
        together.wait()
        return service.classifications(picture)

    with service.borrowed(), ThreadPoolExecutor(6) as pool:
        assert set(pool.map(ask, range(6))) == {(Classification("cat", 0.5),)}
        assert service.inferences == 1
        service.classifications(frame())
        assert service.inferences == 2
    assert service.inference_s > 0


def test_two_services_do_not_share_what_they_see() -> None:
    picture = frame()
    cats, dogs = (FakeVision(classifications=[Classification(label, 0.5)]) for label in ("cat", "dog"))
    with cats.borrowed(), dogs.borrowed():
        assert cats.classifications(picture)[0].label == "cat"
        assert dogs.classifications(picture)[0].label == "dog"


def test_a_service_that_is_not_open_says_so() -> None:
    with pytest.raises(ModelError, match="service coco is not open"):
        FakeVision("coco").detections(frame())


def test_a_kind_that_is_not_given_is_refused() -> None:
    service = FakeVision("coco")
    service.kinds = frozenset({"detections"})
    with service.borrowed(), pytest.raises(UnsupportedKind) as caught:
        service.classifications(frame())
    assert str(caught.value) == "service coco gives detections, not classifications"
