"""Vision services that see what a test tells them, or do worse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from cameras import Caption, Classification, Detection, Frame, Segmentation
from tests.fakes import FakeVision


class Says(FakeVision):
    """A service that gives masks and captions as well."""

    def __init__(self, name: str, segmentations: Sequence[Segmentation] = (), captions: Sequence[Caption] = ()) -> None:
        super().__init__(name)
        self.kinds = frozenset({"segmentations", "captions"})
        self.segmented = tuple(segmentations)
        self.said = tuple(captions)

    def _segment(self, frame: Frame) -> tuple[Segmentation, ...]:
        return self.segmented

    def _caption(self, frame: Frame) -> tuple[Caption, ...]:
        return self.said


class Looks(FakeVision):
    """A service that answers by what a function makes of the frame."""

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


class Hangs(Looks):
    """A detector that does not answer until it is let go."""

    def __init__(self, name: str) -> None:
        self.asked, self.let_go = threading.Semaphore(0), threading.Event()
        super().__init__(name, detect=self._wait)

    def _wait(self, frame: Frame) -> Sequence[Detection]:
        self.asked.release()
        assert self.let_go.wait(10)
        return ()
