"""What an encoder costs and gives: CPU per frame and quality, by preset, on a moving scene.

The first line is aiortc's own H.264 encoder (x264 with no preset set), measured in the same run; the ratios are to it.

usage: python -m benchmarks.encoder_presets [WIDTH HEIGHT]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from numpy.typing import NDArray

from cameras import Frame, Pixels
from streams.codecs import default_bitrate
from streams.encoder import Encoder

FRAMES = 60


def scene(width: int, height: int) -> Iterator[Frame]:
    """Yield a textured, panning scene with moving discs and sensor noise: far from free to encode."""
    random = np.random.default_rng(1)
    small = random.integers(0, 255, (height // 8, width // 4, 3), np.uint8)
    wide = cv2.resize(small, (width * 2, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noise = [random.normal(0, 3, (height, width, 1)).astype(np.int16) for _ in range(4)]
    for number in range(FRAMES):
        left = number * 3 % width
        image = np.clip(wide[:, left : left + width] + noise[number % 4], 0, 255).astype(np.uint8)
        for disc in range(3):
            angle = number / 15 + disc * 2
            centre = (int(width * (0.5 + 0.33 * np.cos(angle))), int(height * (0.5 + 0.33 * np.sin(angle))))
            cv2.circle(image, centre, height // 10, (40 * disc, 255 - 60 * disc, 200), -1)
        frame = Frame(Pixels.from_bgr(image), number, Fraction(1, 30), 0.0)
        assert frame.pixels.yuv.y.shape == (height, width)
        yield frame


def luma(frame: Frame) -> NDArray[np.float32]:
    return frame.pixels.yuv.y.astype(np.float32)


def aiortc_ms(frames: list[Frame], bitrate: int) -> float:
    """Return aiortc's CPU milliseconds per frame."""
    encoder = H264Encoder()
    encoder.target_bitrate = bitrate
    spent = []
    for frame in frames:
        picture = av.VideoFrame.from_ndarray(frame.image, format="bgr24").reformat(format="yuv420p")
        picture.pts, picture.time_base = frame.pts, frame.time_base
        began = time.process_time()
        encoder.encode(picture)
        spent.append(time.process_time() - began)
    return 1000 * statistics.median(spent)


def ours(frames: list[Frame], bitrate: int, preset: str) -> tuple[float, float, float]:
    """Return CPU milliseconds per frame, PSNR of the brightness in dB, and Mbit/s."""
    encoder, decoder = Encoder("h264", bitrate=bitrate, preset=preset), av.CodecContext.create("h264", "r")
    spent, quality, size = [], [], 0
    for frame in frames:
        began = time.process_time()
        packets = encoder.encode(frame)
        spent.append(time.process_time() - began)
        for packet in packets:
            size += packet.size
            for shown in decoder.decode(packet):
                error = (shown.to_ndarray(format="gray")[: frame.height] - luma(frame)) ** 2
                quality.append(10 * np.log10(255**2 / max(float(error.mean()), 1e-9)))
    return 1000 * statistics.median(spent), statistics.mean(quality), size * 8 * 30 / len(frames) / 1e6


def main() -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    width, height = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (1280, 720)
    frames, bitrate = list(scene(width, height)), default_bitrate(width, height, 30)
    base = aiortc_ms(frames, bitrate)
    print(f"{width}x{height}, {bitrate / 1e6:.1f} Mbit/s\n{'aiortc':12} {base:6.2f} ms")
    for preset in ("ultrafast", "superfast", "veryfast"):
        spent, quality, rate = ours(frames, bitrate, preset)
        print(f"{preset:12} {spent:6.2f} ms  {base / spent:5.1f} times less  {quality:5.1f} dB  {rate:4.1f} Mbit/s")


if __name__ == "__main__":
    main()
