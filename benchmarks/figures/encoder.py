"""CPU time to encode a frame: our encoder with each preset, and aiortc's from BGR frames, as its users run it.

The encoders alternate frame by frame, so that other load slows all of them equally.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

from cameras import Frame
from streams import VideoEncoder

from ..measuring import RATE, Finding, Findings, Program
from ..workloads import Inputs
from .frames import of_clip


def aiortc_encode(encoder: H264Encoder | Vp8Encoder) -> Callable[[Frame], object]:
    """Return a function that encodes one of our frames with aiortc."""

    def encode(frame: Frame) -> object:
        picture = av.VideoFrame.from_ndarray(frame.image, format="bgr24").reformat(format="yuv420p")
        picture.pts, picture.time_base = frame.pts, frame.time_base
        return encoder.encode(picture)

    return encode


def measure(_program: Program, inputs: Inputs) -> Findings:
    """Encode the clip with every encoder."""
    encoders: dict[str, Callable[[Frame], object]] = {
        f"h264 {preset}": VideoEncoder("h264", frame_rate=RATE, preset=preset).encode
        for preset in ("ultrafast", "superfast", "veryfast")
    }
    encoders["vp8"] = VideoEncoder("vp8", frame_rate=RATE).encode
    encoders["aiortc h264"] = aiortc_encode(H264Encoder())
    encoders["aiortc vp8"] = aiortc_encode(Vp8Encoder())
    spent: dict[str, list[float]] = {name: [] for name in encoders}
    for frame in of_clip(inputs.clip):
        for name, encode in encoders.items():
            before = time.process_time()
            encode(frame)
            spent[name].append(time.process_time() - before)
    means = {name: 1000 * statistics.fmean(every) for name, every in spent.items()}
    aiortc = means["aiortc h264"]
    return Findings(
        [
            Finding(name, (mean,), "ms CPU per frame", f"aiortc's H.264: {aiortc / mean:.1f} times as much")
            for name, mean in means.items()
        ]
    )
