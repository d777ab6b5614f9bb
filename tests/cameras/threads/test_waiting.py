"""Waits for what is computed elsewhere give away the place of the thread, or of the one it works for."""

from __future__ import annotations

import threading

import pytest

from cameras import BoundedCalls, own_place, waiting, working_for
from tests.places import WatchedPlace


def test_where_no_place_is_held_a_wait_is_just_run() -> None:
    with waiting(), waiting():
        pass


def test_a_wait_gives_the_place_of_the_thread_and_of_no_other() -> None:
    place = WatchedPlace()
    with working_for(place):
        with waiting():
            assert place.notes == ["given"]
            other = threading.Thread(target=lambda: waiting().__enter__())
            other.start()
            other.join()
        assert place.notes == ["given", "back"]
        with pytest.raises(OSError, match="gone"), waiting():
            raise OSError("gone")
    with waiting():
        pass
    assert place.notes == ["given", "back"] * 2


def test_places_are_handed_on_and_restored() -> None:
    first, second = WatchedPlace(), WatchedPlace()
    with working_for(first):
        assert own_place() is first
        with working_for(second), waiting():
            pass
        with waiting():
            pass
    assert (first.notes, second.notes) == (["given", "back"], ["given", "back"])


def test_a_bounded_call_gives_the_place_of_its_caller() -> None:
    calls, place = BoundedCalls("model"), WatchedPlace()

    def call() -> None:
        with waiting():
            pass

    calls.run(call, 10)
    with working_for(place):
        calls.run(call, 10)
    calls.run(call, 10)
    assert place.notes == ["given", "back"]
    assert threading.current_thread() not in place.threads
    calls.close(lambda: None)
