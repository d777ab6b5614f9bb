"""Inference beside a stream that does not wait for it: a thread that infers the newest frame again and again."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from cameras import BackgroundThread, Frame, Image, Prediction, Slot, SlotClosed
from vision import ModelError, Session, VisionService

from .base import InferenceMode
from .optical_flow import gray_of

CLOSE_LIMIT_S = 1.0
"""How long ``close`` waits for an inference in progress; later than that, its thread closes the session."""


@dataclass(frozen=True)
class Result:
    """The result of one inference.

    Attributes:
        time_s: Time of the frame that it is for.
        gray: The gray picture of that frame.
        predictions: What was predicted; empty after an error.
        error: The error message; ``None`` without an error. An exception would hold the frame, through its traceback.
        inference_s: How long it took.
        inferred: Whether it needed an inference; there was none if another camera had the result, or nothing was shown.
    """

    time_s: float
    gray: Image
    predictions: tuple[Prediction, ...]
    error: str | None
    inference_s: float
    inferred: bool = True

    def failure(self) -> ModelError:
        """Return a new error: one that is raised for every frame would collect the stacks of all of them."""
        return ModelError(self.error)


class Worker:
    """The thread. It owns the session.

    Args:
        session: An open session.
        kind: The kind of predictions.
        predict: Predicts them of a frame.
        keep: How many results are kept.

    Attributes:
        kind: The kind of predictions.
        frames: Where the newest frame is put.
        results: The newest results, in order; the user may remove them.
        answered: Set when there is a result.
    """

    def __init__(
        self,
        session: Session,
        kind: type[Prediction],
        predict: Callable[[Frame], tuple[Prediction, ...]],
        keep: int,
    ) -> None:
        self.kind = kind
        self.frames: Slot[Frame] = Slot()
        self.results: deque[Result] = deque(maxlen=keep)
        self.answered = threading.Event()
        self._session, self._predict = session, predict
        self._thread = BackgroundThread(self._work, f"inference {session.service.name}")
        self._thread.start()

    def close(self) -> None:
        """End the thread, which closes the session; wait a moment for both."""
        self.frames.close()
        self._thread.join(CLOSE_LIMIT_S)

    def _work(self) -> None:
        with self._session:
            while True:
                try:
                    frame = self.frames.get()
                except SlotClosed:
                    return
                self.results.append(self._inferred(frame))
                self.answered.set()
                del frame  # it holds a picture, and the next one may be long in coming

    def _inferred(self, frame: Frame) -> Result:
        inferences, started_s = self._session.inferences, monotonic()
        predictions: tuple[Prediction, ...] = ()
        failure: str | None = None
        try:
            predictions = self._predict(frame)
        except ModelError as error:
            failure = str(error)
        except BaseException as error:  # of a plugin, or a panic in a native library
            failure = f"service {self._session.service.name}: {type(error).__name__}: {error}"
        inferred, took_s = self._session.inferences > inferences, monotonic() - started_s
        return Result(frame.time_s, gray_of(frame), predictions, failure, took_s, inferred)


class WorkerInference(InferenceMode):
    """The base class of the modes with a worker, which the first frame starts."""

    def __init__(self, service: VisionService[Any]) -> None:
        super().__init__(service)
        self._worker: Worker | None = None

    def close(self) -> None:
        """Close the session, or leave that to the thread while it is busy."""
        worker, self._worker = self._worker, None
        self._forget()
        if worker is None:
            super().close()
        else:
            self._end_session()
            worker.close()

    def _new_worker(self, session: Session, kind: type[Prediction], keep: int = 1) -> Worker:
        return Worker(session, kind, partial(self._predicted, session, kind), keep)

    @abstractmethod
    def _forget(self) -> None:
        """Drop the results and what is known of the frames."""
