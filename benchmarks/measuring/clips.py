"""The clip that benchmarks process: moving shapes, rendered for each run with the same content."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

RATE = 30
SEED = 7


def pictures(width_px: int, height_px: int, number: int) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures of shapes that move over a background with detail, which moves too.

    Each is (height, width, 3) in BGR, and the caller's.
    """
    random = np.random.default_rng(SEED)
    # Detail of several sizes, as photographs have: a flat background would cost an encoder nothing.
    coarse, fine = (random.integers(60, 200, (size, size * 2, 3), np.uint8) for size in (9, 90))
    size = (width_px * 2, height_px)
    background = cv2.addWeighted(
        cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), 0.7,
        cv2.resize(fine, size, interpolation=cv2.INTER_CUBIC), 0.3, 0,
    )  # fmt: skip
    radius = height_px // 8
    for frame in range(number):
        left = round(width_px * (0.5 - 0.5 * math.cos(math.tau * frame / 120)))
        picture = np.ascontiguousarray(background[:, left : left + width_px])
        for shape, colour in enumerate(((40, 40, 230), (230, 120, 30), (40, 200, 60), (30, 220, 230))):
            angle = math.tau * (frame / 120 + shape / 4)
            x = round(width_px * (0.5 + 0.35 * math.cos(angle)))
            y = round(height_px * (0.5 + 0.3 * math.sin(2 * angle)))
            if shape % 2:
                cv2.circle(picture, (x, y), radius, colour, cv2.FILLED, cv2.LINE_AA)
            else:
                cv2.rectangle(picture, (x - radius, y - radius), (x + radius, y + radius), colour, cv2.FILLED)
        yield np.asarray(picture, np.uint8)


def render(
    path: Path, width_px: int, height_px: int, number: int, rate: int = RATE, first_group: int = 0, bitrate: int = 0
) -> None:
    """Write a clip with this number of frames as H.264, a key frame every second and no B-frames, like cameras.

    Args:
        path: Where to write it; its name says in which form (``.mp4``, or ``.h264`` for the bare stream).
        width_px: Width of its pictures.
        height_px: Their height.
        number: Number of frames.
        rate: Frames per second.
        first_group: After as many frames comes the second key frame; 0: after a second.
        bitrate: Bits per second, as steady as encoders of live streams keep it; 0: what a constant quality takes.
    """
    options = {"preset": "superfast", "g": str(rate), "sc_threshold": "0", "bf": "0", "forced-idr": "1"}
    if bitrate:
        options |= {
            "b": str(bitrate),
            "maxrate": str(bitrate),
            "bufsize": str(bitrate // 2),
            "profile": "baseline",
            "threads": "1",
        }
    else:
        options["crf"] = "23"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        for pts, picture in enumerate(pictures(width_px, height_px, number)):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = pts, Fraction(1, rate)
            if first_group and pts == first_group:
                frame.pict_type = PictureType.I
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def repeat(source: Path, target: Path, times: int) -> None:
    """Write a clip of `render` several times over to another file, without encoding it again."""
    with av.open(str(source)) as given, av.open(str(target), "w") as container:
        stream = container.add_stream_from_template(given.streams.video[0])
        after = 0
        for _ in range(times):
            given.seek(0)
            offset = after
            for packet in given.demux(video=0):
                if packet.pts is None or packet.dts is None or packet.duration is None:
                    continue  # the empty one at the end
                packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                after = max(after, packet.pts + packet.duration)
                packet.stream = stream
                container.mux(packet)


def first_picture(path: Path) -> NDArray[np.uint8]:
    """Return the first picture of a video, (height, width, 3) in BGR."""
    with av.open(str(path)) as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="bgr24"), np.uint8)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture in BGR as JPEG."""
    return bytes(cv2.imencode(".jpg", picture)[1])
