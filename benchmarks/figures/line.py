"""CPU time of a frame: decode 720p, detect, paint, encode. Beside it the bare calls in one thread at the same pace.

Both run in this process and alternate. The line has no viewer, and its packets go nowhere. The bare calls do the same
work as directly as the libraries allow: OpenCV scales the planes to the model's input and paints on a copy of them,
which FFmpeg encodes with the same settings.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cameras import limit_opencv
from pipeline import Graph, load
from streams import EncodedFrame, EncoderPool
from streams.encoding.codecs import CLOCK_RATE, EncoderSettings, default_bitrate, default_preset, open_codec

from ..measuring import RATE, Finding, Findings, Program, at_most
from ..workloads import LEAST_SCORE, Inputs

TARGET = 1.08
PAIRS = 12
WARM_UP_S, MEASURED_S = 1.0, 2.0


class _Nowhere:
    """A sink that counts frames and drops them."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.frames = 0

    def push(self, frame: EncodedFrame) -> bool:
        self.frames += 1
        return True

    def end(self) -> None:
        pass


def measure(program: Program, inputs: Inputs) -> Findings:
    """Run the line and the bare calls in turn."""
    limit_opencv()  # as the server does; the bare calls run in one thread, too
    config = program.scratch / "line.yaml"
    config.write_text(inputs.detected(inputs.clip, loop=True), "utf-8")
    pairs = []
    for _ in range(PAIRS):
        line = _line_ms(config)
        gc.collect()
        pairs.append((line, _bare_ms(inputs.clip, inputs.model)))
    lines, bares = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    beside = f"{lines:.2f} ms; the bare calls: {bares:.2f} ms"
    return Findings(
        [Finding("CPU per frame of 720p, a detector", tuple(a / b for a, b in pairs), "", beside, at_most(TARGET))]
    )


def _line_ms(config: Path) -> float:
    """Return the CPU milliseconds that a running line takes for a frame."""
    graph, pool, sink = Graph(load(config)), EncoderPool(), _Nowhere()
    pause = threading.Event()
    try:
        graph.open()
        pool.subscribe(graph.feeds["seen"], "h264", sink)
        pause.wait(WARM_UP_S)
        frames, spent_s = sink.frames, time.process_time()
        pause.wait(MEASURED_S)
        return 1000 * (time.process_time() - spent_s) / (sink.frames - frames)
    finally:
        pool.close()
        graph.close()


def _pictures(clip: Path) -> Iterator[av.VideoFrame]:
    while True:
        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            yield from container.decode(stream)


def _bare_ms(clip: Path, model: Path) -> float:
    """Return the CPU milliseconds that the bare calls take for a frame."""
    interpreter = Interpreter(str(model), num_threads=1)
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    outputs = [detail["index"] for detail in interpreter.get_output_details()]
    size = (int(given["shape"][2]), int(given["shape"][1]))
    pictures = _pictures(clip)
    first = next(pictures)
    width, height = first.width, first.height
    bitrate = default_bitrate(width, height, RATE)
    encoder = open_codec(EncoderSettings("h264", width, height, RATE, bitrate, 10.0, default_preset(width, height)))
    began_s, warm_up = time.monotonic(), round(WARM_UP_S * RATE)
    number, spent_s = round(MEASURED_S * RATE), 0.0
    for index in range(warm_up + number):
        time.sleep(max(began_s + index / RATE - time.monotonic(), 0))
        if index == warm_up:
            spent_s = time.process_time()
        planes = next(pictures).to_ndarray(format="yuv420p")
        _infer(interpreter, given, planes, height, size)
        location, _category, score, _count = map(interpreter.get_tensor, outputs)
        for box in location[0][score[0] >= LEAST_SCORE]:
            _paint(planes, height, box)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = index * CLOCK_RATE // RATE, Fraction(1, CLOCK_RATE)
        encoder.encode(picture)
    return 1000 * (time.process_time() - spent_s) / number


def _split(planes: Any, height: int) -> tuple[Any, Any, Any]:
    """Return luma and both chroma planes of an array in PyAV's form, as views."""
    chroma = planes[height:].reshape(2, height // 2, -1)
    return planes[:height], chroma[0], chroma[1]


def _infer(interpreter: Interpreter, given: dict[str, Any], planes: Any, height: int, size: tuple[int, int]) -> None:
    scaled = [cv2.resize(plane, size) for plane in _split(planes, height)]
    picture = cv2.cvtColor(cv2.merge(scaled), cv2.COLOR_YUV2RGB)[None]
    if given["dtype"] is np.float32:
        picture = picture.astype(np.float32) / 255
    interpreter.set_tensor(given["index"], picture)
    interpreter.invoke()


def _paint(planes: Any, height: int, box: Any) -> None:
    top, left, bottom, right = np.clip(box, 0, 1)
    for plane, color, width in zip(_split(planes, height), (150, 44, 21), (2, 1, 1), strict=True):
        rows, columns = plane.shape
        corner = round(left * columns), round(top * rows)
        cv2.rectangle(plane, corner, (round(right * columns), round(bottom * rows)), color, width)
        cv2.putText(plane, "thing 90 %", corner, cv2.FONT_HERSHEY_SIMPLEX, rows / 900, color, width, cv2.LINE_AA)
