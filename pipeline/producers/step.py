"""What a row of transforms does to one frame: a function of the frame and the row, whoever calls it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cameras import Attributes, Frame
from transforms import Transform

from ..config import TransformAttributes


@dataclass(frozen=True)
class Row:
    """The transforms of one camera in their order, with the lens that its frames come in with.

    Attributes:
        transforms: Owned by the row; whoever steps through it does so one frame at a time.
        declared: What the camera declares beside them; ``None`` where nothing is.
    """

    transforms: tuple[Transform[Attributes], ...]
    declared: TransformAttributes | None = None

    @property
    def annotates(self) -> bool:
        """Whether frames may leave with more annotations than they came with."""
        return any(transform.annotates for transform in self.transforms)


@dataclass(frozen=True)
class Stage:
    """What one transform did to one frame.

    Attributes:
        index: Its place in the row, from 0.
        transform: The transform.
        seconds: How long it took.
        error: What it raised; ``None`` when it did not fail.
        failure: What went wrong, in words, when it failed or gave a frame that is not what was wanted.
    """

    index: int
    transform: Transform[Attributes]
    seconds: float
    error: BaseException | None
    failure: str | None


@dataclass(frozen=True)
class Step:
    """What came out for one frame.

    Attributes:
        frame: The frame as it leaves; ``None`` when it was lost.
        stages: What each transform did, in order, up to the one that lost the frame.
    """

    frame: Frame | None
    stages: tuple[Stage, ...]

    @property
    def failures(self) -> Iterator[Stage]:
        """The stages at which something went wrong."""
        return (stage for stage in self.stages if stage.failure is not None)


def step(
    frame: Frame,
    row: Row,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    stopping: Callable[[], bool] = lambda: False,
) -> Step:
    """Apply each transform of a row to a frame, in order.

    A transform that fails costs what it would have given: one that annotates lets the frame pass without its
    annotations, any other loses the frame. Nothing is raised, counted or logged here.

    Args:
        frame: As its source gives it.
        row: Open transforms.
        monotonic: Times the stages.
        stopping: Asked before each transform; the frame is lost when it says so.
    """
    stages: list[Stage] = []
    if row.declared is not None:
        frame = row.declared.entering(frame)
    for index, transform in enumerate(row.transforms):
        if stopping():
            return Step(None, tuple(stages))
        started_s = monotonic()
        error: BaseException | None = None
        failure: str | None = None
        try:
            frame = transform.apply(frame)
            failure = transform.failure
        except BaseException as raised:  # a panic of a foreign library is none of Python's Exceptions
            error, failure = raised, str(raised) or type(raised).__name__
        stages.append(Stage(index, transform, monotonic() - started_s, error, failure))
        if error is not None and not transform.annotates:
            return Step(None, tuple(stages))
    return Step(frame, tuple(stages))
