"""The predictions of one published frame as JSON, in the words of the HTTP API, made once for all exits."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self
from weakref import WeakKeyDictionary

from cameras import CodedPicture, Frame, Prediction

logger = logging.getLogger(__name__)

EVENT_MAX_BYTES = 64_000
"""Most bytes of :attr:`PredictionsEvent.short_json`. Browsers and aiortc take messages of 65,536 bytes on a data
channel; the rest is room for what an exit adds."""


@dataclass(frozen=True)
class EventOptions:
    """What readers of events choose; those that choose the same share a stream.

    Attributes:
        masks: Whether the events have masks.
    """

    masks: bool = False


@dataclass(frozen=True, eq=False)
class PredictionsEvent:
    """The predictions of a frame, with what tells which frame it is. Immutable; its JSON is made when first asked for.

    Attributes:
        camera: Name of the camera.
        sequence: Number of the frame in its source.
        pts_s: Presentation time in seconds; the times of two frames differ as those of their pictures do.
        captured_at: Wall-clock time of the capture, in seconds since the epoch.
        width_px: Width of the camera's picture in pixels, to which coordinates refer; a stream may be smaller.
        height_px: Height of that picture.
        new_result: Whether a result that no earlier frame carried is among the predictions.
        annotations: The predictions, in the order in which they were attached.
    """

    camera: str
    sequence: int
    pts_s: float
    captured_at: float
    width_px: int
    height_px: int
    new_result: bool = False
    annotations: tuple[Prediction, ...] = ()

    @classmethod
    def of(cls, camera: str, picture: Frame | CodedPicture) -> Self:
        """Return the event of a picture of a camera; a coded picture has no predictions."""
        new_result, annotations = (
            (picture.new_result, picture.annotations) if isinstance(picture, Frame) else (False, ())
        )
        return cls(
            camera,
            picture.sequence,
            picture.time_s,
            picture.captured_at,
            picture.width,
            picture.height,
            new_result,
            tuple(each for each in annotations if isinstance(each, Prediction)),
        )

    @cached_property
    def json(self) -> bytes:
        """The event as JSON in ASCII, one line without spaces and without masks."""
        try:
            return self._joined(_encoded([self._item(each) for each in self.annotations]))
        except Exception:  # a bug of a kind of a plugin must not end a stream
            return self._joined(_listed(self._items()))

    @cached_property
    def short_json(self) -> bytes:
        """:attr:`json`, or with so many of the first predictions as fit into ``EVENT_MAX_BYTES``.

        ``left_out`` says how many do not.
        """
        if len(self.json) <= EVENT_MAX_BYTES:
            return self.json
        items = self._items()
        size = len(self._joined(b"[]", left_out=len(items)))
        kept: list[bytes] = []
        for item in items:
            size += len(item) + 1
            if size > EVENT_MAX_BYTES:
                break
            kept.append(item)
        return self._joined(_listed(kept), left_out=len(items) - len(kept))

    @cached_property
    def short_text(self) -> str:
        """:attr:`short_json` as text."""
        return self.short_json.decode()

    def prepare(self) -> None:
        """Make the JSON now, so that nobody has to in an event loop."""
        _ = self.short_text

    def with_masks(self) -> bytes:
        """Return the event with masks, as PNG in base64, made anew with each call. Not for the event loop."""
        return self._joined(_listed(self._items(masks=True)))

    def _items(self, *, masks: bool = False) -> list[bytes]:
        """Return each prediction as JSON, without those that have none."""
        items = []
        for prediction in self.annotations:
            try:
                items.append(_encoded(self._item(prediction, masks=masks)))
            except Exception as error:
                _report(prediction.kind, error)
        return items

    def _item(self, prediction: Prediction, *, masks: bool = False) -> dict[str, Any]:
        return _item(prediction, self.width_px, self.height_px, masks=masks)

    def _joined(self, predictions: bytes, *, left_out: int = 0) -> bytes:
        head = {
            "camera": self.camera,
            "sequence": self.sequence,
            "pts_s": round(self.pts_s, 6),
            "captured_at": utc_text(self.captured_at),
            "width_px": self.width_px,
            "height_px": self.height_px,
            "new_result": self.new_result,
            **({"left_out": left_out} if left_out else {}),
        }
        return b'%b,"predictions":%b}' % (_encoded(head)[:-1], predictions)


_events: WeakKeyDictionary[Frame, PredictionsEvent] = WeakKeyDictionary()
_lock = threading.Lock()


def event_of(camera: str, frame: Frame) -> PredictionsEvent:
    """Return the event of a frame that a camera has published: the same for all its streams, while the frame lives."""
    with _lock:
        event = _events.get(frame)
        if event is None or event.camera != camera:
            event = _events[frame] = PredictionsEvent.of(camera, frame)
        return event


def predictions_of(frame: Frame) -> list[dict[str, Any]]:
    """Return the predictions for a frame as JSON objects, without masks."""
    return [
        _item(annotation, frame.width, frame.height, masks=False)
        for annotation in frame.annotations
        if isinstance(annotation, Prediction)
    ]


def utc_text(at_s: float) -> str:
    """Return a time in seconds since the epoch as RFC 3339 text, in UTC with microseconds."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _item(prediction: Prediction, width_px: int, height_px: int, *, masks: bool) -> dict[str, Any]:
    return {
        "kind": prediction.kind,
        "transform": prediction.transform,
        "service": prediction.service,
        **prediction.to_wire(width_px, height_px, masks=masks),
    }


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def _encoded(value: object) -> bytes:
    return _ENCODER.encode(value).encode()


def _listed(items: Iterable[bytes]) -> bytes:
    return b"[%b]" % b",".join(items)


_reported: set[str] = set()


def _report(kind: str, error: Exception) -> None:
    """Log the first failure of each kind; there may be one per frame."""
    if kind not in _reported:
        _reported.add(kind)
        logger.warning("predictions of the kind %r are missing in events: %s: %s", kind, type(error).__name__, error)
