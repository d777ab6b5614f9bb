"""Apply a row of transforms to one frame, without threads, counters or logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cameras import Attributes, Frame
from transforms import Transform
from vision import ModelError, VisionService

from ..camera_config import TransformAttributes
from .bugs import bug_message, must_be


@dataclass(frozen=True)
class Row:
    """The transforms of one camera in order, and the lens that the camera declares for its input frames.

    Attributes:
        transforms: Owned by the row; apply them to one frame at a time.
        declared: The attributes of the camera; ``None`` without any.
    """

    transforms: tuple[Transform[Attributes], ...]
    declared: TransformAttributes | None = None

    @property
    def annotates(self) -> bool:
        """Whether any transform may add annotations."""
        return any(transform.annotates for transform in self.transforms)

    def open(self) -> None:
        """Open each transform in order.

        Raises:
            OpenError: when one cannot be opened; those before it stay open.
        """
        for index, transform in enumerate(self.transforms):
            try:
                transform.open()
            except Exception as error:
                raise OpenError(f"pipeline[{index}] ({transform.type_name}): {_text(error)}") from error


class OpenError(ValueError):
    """A transform could not be opened; the message names it and says why."""


@dataclass(frozen=True)
class Stage:
    """The result of one transform on one frame.

    Attributes:
        index: Its index in the row, from 0.
        transform: The transform.
        seconds: Its duration.
        error: The exception it raised; ``None`` when it returned a frame.
        failure: The error message, of an exception or of :attr:`Transform.failure`; ``None`` without an error.
    """

    index: int
    transform: Transform[Attributes]
    seconds: float
    error: BaseException | None
    failure: str | None


@dataclass(frozen=True)
class Step:
    """The result of a row on one frame.

    Attributes:
        frame: The frame after the last of the stages; ``None`` when it was lost.
        stages: The result of each transform, in order, up to the one that lost the frame or keeps it waiting.
        waits_at: The index of the transform that the frame was announced to, and now waits for; ``None`` at the end.
    """

    frame: Frame | None
    stages: tuple[Stage, ...]
    waits_at: int | None = None

    @property
    def failures(self) -> Iterator[Stage]:
        """The stages with a failure."""
        return (stage for stage in self.stages if stage.failure is not None)


def make_transforms(
    declared: TransformAttributes,
    services: Mapping[str, VisionService[Any]],
    kinds: Mapping[str, type[Transform[Any]]],
) -> tuple[Transform[Attributes], ...]:
    """Return the transforms of a transform camera, not yet opened.

    Args:
        declared: The attributes of the transform camera.
        services: The vision services of the configuration by name.
        kinds: The kinds of transforms that the configuration was read with, ``Tables.transforms``.
    """
    return tuple(kinds[entry.type](entry.attributes, services) for entry in declared.pipeline)


def step(
    frame: Frame,
    row: Row,
    *,
    waited_at: int | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    stops_at: Callable[[int], bool] = lambda index: False,
    left_out: Collection[int] = (),
) -> Step:
    """Apply each transform of a row to a frame, in order, up to one that keeps it waiting (:attr:`Transform.delay_s`).

    If a transform that annotates fails, the frame passes without its annotations; if any other fails, it is lost.
    This function does not raise, count or log. The traceback of :attr:`Stage.error` leads to the frame, and back to the
    callers of this function: if one of them keeps the result in a variable, the garbage collector has to free both.

    Args:
        frame: A frame of the source.
        row: Open transforms.
        waited_at: The index of the transform that the frame has waited for; it continues there.
        monotonic: Clock of the stage durations.
        stops_at: Called before each transform with its index; the frame is lost when it returns true.
        left_out: The indices of transforms that the frame passes without.
    """
    stages: list[Stage] = []
    error: BaseException | None = None
    try:
        if row.declared is not None and waited_at is None:
            frame = row.declared.entering(frame)
        for index, transform in enumerate(row.transforms):
            if index in left_out or (waited_at is not None and index < waited_at):
                continue
            if stops_at(index):
                return Step(None, tuple(stages))
            waits = transform.delay_s > 0 and index != waited_at
            started_s = monotonic()
            error, failure = None, None
            try:
                if waits:
                    transform.announce(frame)
                    return Step(frame, tuple(stages), index)
                frame = _applied(transform, frame)
                failure = transform.failure
            except BaseException as raised:  # a panic in a native library may not be an Exception
                error, failure = raised, _text(raised)
            stages.append(Stage(index, transform, monotonic() - started_s, error, failure))
            if error is not None and not transform.annotates:
                return Step(None, tuple(stages))
        return Step(frame, tuple(stages))
    finally:
        # The traceback of an error leads back here: in that circle the picture would stay until the garbage collector
        # comes.
        del error, stages


def _text(error: BaseException) -> str:
    """Return the error message for an exception; those of ``ValueError`` and ``ModelError`` are meant for users."""
    if isinstance(error, ValueError | ModelError) and str(error):
        return str(error)
    return bug_message(error)


def _applied(transform: Transform[Attributes], frame: Frame) -> Frame:
    result = transform.apply(frame)
    must_be(Frame, result, f"{type(transform).__name__}.apply")
    return result
