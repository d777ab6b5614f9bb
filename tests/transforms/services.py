"""Vision services that compute their predictions, and one that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from cameras import Classification, Detection, Frame
from tests.fakes import FakeVision


class FunctionVision(FakeVision):
    """A service whose predictions are computed by functions of the frame."""

    def __init__(
        self,
        name: str,
        *,
        classify: Callable[[Frame], Sequence[Classification]] = lambda frame: (),
        detect: Callable[[Frame], Sequence[Detection]] = lambda frame: (),
    ) -> None:
        super().__init__(name)
        self._classifier, self._detector = classify, detect

    def _classify(self, frame: Frame) -> tuple[Classification, ...]:
        return tuple(self._classifier(frame))

    def _detect(self, frame: Frame) -> tuple[Detection, ...]:
        return tuple(self._detector(frame))


class HangingVision(FunctionVision):
    """A detector that does not answer until ``released`` is set; ``called`` counts its calls."""

    def __init__(self, name: str) -> None:
        self.called, self.released = threading.Semaphore(0), threading.Event()
        super().__init__(name, detect=self._wait)

    def _wait(self, frame: Frame) -> Sequence[Detection]:
        self.called.release()
        assert self.released.wait(10)
        return ()
