"""Ways to ask a vision service about frames: which frame it is asked about, and who waits for the answer.

One class per way, and the table ``MODES`` of those that ``mode`` names. A way in which frames do not wait, and carry
the newest answer there is, would be one more class here with a row of its own: it gets ``max_age_s`` with the timing,
says how old its answers are, and may run inferences between frames.
"""

from __future__ import annotations

import logging
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast

from pydantic import Field

from cameras import Attributes, Frame, Prediction
from vision import ModelError, Session, VisionService

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=Prediction)


class TimingAttributes(Attributes):
    """What the YAML may say about when a model is asked."""

    mode: Literal["auto", "sync"] = Field(
        default="auto",
        description="When the model is asked. sync: about each frame, which waits. auto: the same as sync.",
    )
    max_age_s: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Oldest result that a frame may carry. It changes nothing for sync and auto: each result is of the "
        "very frame, and has age 0.",
    )


class Asker(ABC):
    """Asks a vision service for one transform, through a session that is open between ``open`` and ``close``.

    Args:
        service: Who is asked.

    Attributes:
        mode: What the API calls this way of asking.
        result_age_s: How old the newest answer is; one about the very frame has no age.
    """

    mode: ClassVar[str] = "sync"
    result_age_s: float = 0.0

    def __init__(self, service: VisionService[Any]) -> None:
        self._service = service
        self._session: Session | None = None
        self._inferences = 0

    @property
    def inferences(self) -> int:
        """How many inferences it has caused so far, in all its sessions."""
        session = self._session
        return self._inferences + (session.inferences if session is not None else 0)

    def open(self) -> None:
        """Open a session: the model is loaded when this returns. Twice is harmless.

        Raises:
            ModelError: when it cannot be loaded.
        """
        if self._session is None:
            self._session = self._service.open_session()

    @abstractmethod
    def ask(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return what a frame carries of a kind.

        Raises:
            ModelError: when the service does not give that kind, fails, or is not open.
        """

    def close(self) -> None:
        """Close the session. Twice is harmless."""
        session = self._ended()
        if session is not None:
            session.close()

    def _opened(self) -> Session:
        if self._session is None:
            raise ModelError(f"service {self._service.name} is not open")
        return self._session

    def _ended(self) -> Session | None:
        """Return the session that is to be closed, if there is one; its inferences stay counted."""
        session, self._session = self._session, None
        if session is not None:
            self._inferences += session.inferences
        return session


class Sync(Asker):
    """Asks about the very frame, which waits for the answer."""

    def ask(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return what is in this frame."""
        return self._opened().predict(kind, frame)


class WithinDeadline(Asker):
    """Asks about the very frame, which waits no longer than a deadline.

    One thread asks, from the first frame until the asker is closed. When it misses the deadline, no other question is
    put until it is back; when it is still busy at the close, it is left behind, and closes its session should it come
    back.

    Args:
        service: Who is asked.
        deadline_s: How long a frame waits.
    """

    def __init__(self, service: VisionService[Any], deadline_s: float) -> None:
        super().__init__(service)
        self.deadline_s = deadline_s
        self._worker: _Worker | None = None
        self._late: _Question | None = None

    def ask(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return what is in this frame.

        Raises:
            TimeoutError: when the answer is late, or the one before is still awaited.
        """
        session = self._opened()
        if self._late is not None and not self._late.answered.is_set():
            raise TimeoutError("the detector is still busy with an earlier frame")
        if self._worker is None:
            self._worker = _Worker(session)
        question = self._late = _Question(kind, frame)
        self._worker.put(question)
        if not question.answered.wait(self.deadline_s):
            raise TimeoutError(f"the detector did not answer within {self.deadline_s:g} s")
        self._late = None
        if question.error is not None:
            raise question.error
        return cast(tuple[P, ...], question.answer)

    def close(self) -> None:
        """Close the session, or leave that to the thread where it does not answer."""
        session, worker = self._ended(), self._worker
        self._worker = None
        if worker is not None:
            worker.end(wait=self._late is None or self._late.answered.is_set())
        elif session is not None:
            session.close()


class _Question:
    """What is asked about one frame, and what came of it."""

    def __init__(self, kind: type[Prediction], frame: Frame) -> None:
        self.kind = kind
        self.frame = frame
        self.answer: tuple[Prediction, ...] = ()
        self.error: BaseException | None = None
        self.answered = threading.Event()


class _Worker:
    """A thread that asks through a session, one question after the other, and closes the session at its end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        # A daemon: a model that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name=f"ask {session.service.name}", daemon=True)
        self._thread.start()

    def put(self, question: _Question) -> None:
        """Have a question asked."""
        self._questions.put(question)

    def end(self, *, wait: bool) -> None:
        """Ask nothing more and close the session; ``wait`` until that is done."""
        self._questions.put(None)
        if wait:
            self._thread.join()
        else:
            logger.warning("service %s: does not answer; its thread is left behind", self._session.service.name)

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            try:
                question.answer = self._session.predict(question.kind, question.frame)
            except BaseException as error:  # raised where it was asked
                question.error = error
            question.answered.set()
        try:
            self._session.close()
        except Exception:
            logger.warning("service %s: closing its session failed", self._session.service.name, exc_info=True)


def _sync(service: VisionService[Any], timing: TimingAttributes) -> Asker:
    """Return a way in which nothing else of the timing matters."""
    return Sync(service)


MODES: Mapping[str, Callable[[VisionService[Any], TimingAttributes], Asker]] = {"auto": _sync, "sync": _sync}
"""What makes an asker, by the ``mode`` of a transform: of the service that is asked and the transform's timing."""
