"""Pictures with the time in their pixels."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.measuring import stamped
from benchmarks.measuring.stamped import RATE, Stamped, age_ms


class Clock(SimpleNamespace):
    """A clock that is set by hand."""

    def monotonic(self) -> float:
        return float(self.now_s)

    def time(self) -> float:
        return 1_700_000_000 + float(self.now_s)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock(now_s=5.0)
    monkeypatch.setattr(stamped, "time", found)
    monkeypatch.setattr(stamped, "pictures", lambda *_: [np.zeros((180, 640, 3), np.uint8)])
    return found


def test_the_age_of_a_picture_is_read_from_its_last_rows(clock: Clock) -> None:
    picture = Stamped().take()
    assert age_ms(picture[-8:], clock.time() + 0.0312) == pytest.approx(31.2, abs=0.1)
    assert age_ms(picture[-8:], clock.time() - 0.002) == pytest.approx(-2, abs=0.1)
    assert age_ms(np.zeros((8, 640, 3), np.uint8), clock.time()) is None


def test_pictures_are_due_at_a_steady_rate(clock: Clock) -> None:
    camera = Stamped()
    assert camera.wait_s() == 0
    camera.take()
    assert camera.wait_s() == pytest.approx(1 / RATE)
    clock.now_s += 10.2 / RATE
    assert camera.wait_s() < 0
    camera.take()
    assert camera.wait_s() == pytest.approx(-0.2 / RATE), "those that were missed are left out"
