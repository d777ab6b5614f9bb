"""CPU time to encode a frame: ours, by preset, beside aiortc's way, from BGR as its users do.

They take turns frame by frame, so that a busy machine slows all alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

from cameras import Frame
from streams import VideoEncoder

from ..measuring import RATE, Program
from ..workloads import Inputs
from .frames import of_clip


def theirs(encoder: H264Encoder | Vp8Encoder) -> Callable[[Frame], object]:
    """Return aiortc's way to encode one of our frames."""

    def encode(frame: Frame) -> object:
        picture = av.VideoFrame.from_ndarray(frame.image, format="bgr24").reformat(format="yuv420p")
        picture.pts, picture.time_base = frame.pts, frame.time_base
        return encoder.encode(picture)

    return encode


def show(_program: Program, inputs: Inputs) -> None:
    """Encode the clip in every way and print what a frame costs."""
    ways: dict[str, Callable[[Frame], object]] = {
        f"h264 {preset}": VideoEncoder("h264", frame_rate=RATE, preset=preset).encode
        for preset in ("ultrafast", "superfast", "veryfast")
    }
    ways["vp8"] = VideoEncoder("vp8", frame_rate=RATE).encode
    ways["aiortc h264"] = theirs(H264Encoder())
    ways["aiortc vp8"] = theirs(Vp8Encoder())
    spent, frames = dict.fromkeys(ways, 0.0), of_clip(inputs.clip)
    for frame in frames:
        for name, encode in ways.items():
            before = time.process_time()
            encode(frame)
            spent[name] += time.process_time() - before
    for name, seconds in spent.items():
        each, ratio = 1000 * seconds / len(frames), spent["aiortc h264"] / seconds
        print(f"{name:15} {each:6.2f} ms CPU per frame, aiortc's H.264 takes {ratio:4.1f} times as much")
