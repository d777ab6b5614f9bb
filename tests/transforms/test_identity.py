from __future__ import annotations

from tests.harness import through
from tests.transforms.pictures import DOG, bgr, detection
from transforms.base import NoAttributes
from transforms.identity import Identity


def test_it_returns_the_same_frame() -> None:
    frame = bgr(4, 2, DOG, detection(0, 0, 0.5, 0.5))
    assert through(Identity(NoAttributes(), {}), frame)[0] is frame
