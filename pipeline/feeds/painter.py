"""Paint annotations into copies of frames: each frame once, for any number of outputs."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict

from cameras import Annotation, Frame, Pixels
from transforms import Style, paint

from .meters import Counters

KEPT = 2
"""Number of painted pictures kept: of two encoders and a snapshot, one may be a frame behind."""


class Painter:
    """Paints the frames of one camera in its style; safe from any thread.

    It keeps pictures, not frames: the frames of a still picture share one and differ in their time.
    """

    def __init__(self, style: Style, counters: Counters) -> None:
        self._style = style
        self._counters = counters
        self._lock = threading.Lock()
        self._painted: OrderedDict[tuple[Pixels, tuple[Annotation, ...]], Pixels] = OrderedDict()

    def painted(self, frame: Frame) -> Frame:
        """Return a copy of a frame with its annotations painted; a frame without annotations is returned as it is."""
        if not frame.annotations:
            return frame
        key = (frame.pixels, frame.annotations)
        with self._lock:
            pixels = self._painted.get(key)
            if pixels is None:
                self._counters.add("painted")
                pixels = self._painted[key] = paint(frame, self._style).pixels
                while len(self._painted) > KEPT:
                    self._painted.popitem(last=False)
        return dataclasses.replace(frame, pixels=pixels, annotations=())

    def forget(self) -> None:
        """Drop the painted pictures."""
        with self._lock:
            self._painted.clear()
