"""Deinterlacing of pictures whose two fields were taken at different times."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal

import av
from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.filter.context import FilterContext

from .timing import timing_of

Deinterlace = Literal["auto", "always", "never"]
"""Which pictures are deinterlaced: those that their video marks as interlaced, all, or none."""


class Deinterlacer:
    """Makes one whole picture of the two fields of each interlaced one, with FFmpeg's filter ``bwdif``.

    A picture comes out when the next one goes in, since the filter compares neighbours. As long as no picture is marked
    as interlaced, ``auto`` passes them through without delay.
    """

    def __init__(self, which: Deinterlace) -> None:
        self._which = which
        self._form: tuple[Any, ...] = ()
        self._time_base: Fraction | None = None
        self._graph: Graph | None = None
        self._source: FilterContext | None = None
        self._sink: FilterContext | None = None

    def pictures(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Take the next picture, which has a time, and yield those that are done."""
        if self._which == "never" or (self._which == "auto" and self._graph is None and not frame.interlaced_frame):
            yield frame
            return
        form = (frame.width, frame.height, frame.format.name, frame.time_base, frame.colorspace, frame.color_range)
        if form != self._form:
            yield from self.rest()
            self._build(frame)
            self._form, self._time_base = form, frame.time_base
        assert self._source is not None
        self._source.push(frame)
        yield from self._done()

    def rest(self) -> Iterator[av.VideoFrame]:
        """Yield the pictures that are still inside, at the end of the video."""
        if self._source is not None:
            self._source.push(None)
            yield from self._done()
        self._graph = self._source = self._sink = None
        self._form = ()

    def _build(self, frame: av.VideoFrame) -> None:
        graph = Graph()
        graph.threads = 1
        _, _, base = timing_of(frame)
        source = graph.add(
            "buffer",
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
            f"time_base={base.numerator}/{base.denominator}:"
            f"colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
        )
        which = "interlaced" if self._which == "auto" else "all"
        deinterlaced = graph.add("bwdif", f"mode=send_frame:parity=auto:deint={which}")
        sink = graph.add("buffersink")
        graph.link_nodes(source, deinterlaced, sink)
        graph.configure()
        self._graph, self._source, self._sink = graph, source, sink

    def _done(self) -> Iterator[av.VideoFrame]:
        assert self._sink is not None and self._time_base is not None
        while True:
            try:
                frame = self._sink.pull()
            except (BlockingIOError, EOFError):
                return
            assert isinstance(frame, av.VideoFrame)
            pts, _, half = timing_of(frame)  # the filter counts in half ticks, so that each field could have a time
            frame.pts = round(pts * half / self._time_base)
            frame.time_base = self._time_base
            yield frame
