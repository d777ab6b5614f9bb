"""Bare library calls, without threads, queues or a server, to stand beside what the program costs."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from aiortc.codecs.vpx import Vp8Encoder

from ..measuring import CpuMeter

FRAMES = 120


def encoded_by_aiortc_ms(video: Path) -> float:
    """Return the CPU milliseconds that aiortc's VP8 encoder, its first choice, takes for a frame."""
    encoder, spent, number = Vp8Encoder(), 0.0, 0
    encoder.target_bitrate = 1_500_000
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0), 1):
            picture = frame.reformat(format="yuv420p")
            picture.pts, picture.time_base = number * 3000, Fraction(1, 90_000)
            before = time.process_time()
            encoder.encode(picture)
            spent += time.process_time() - before
            if number == FRAMES:
                break
    return 1000 * spent / max(number, 1)


def picture_decoded_ms(picture: bytes) -> float:
    """Return the CPU milliseconds that OpenCV takes to decode a JPEG."""
    encoded = np.frombuffer(picture, np.uint8)
    before = time.process_time()
    for _ in range(FRAMES):
        cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return 1000 * (time.process_time() - before) / FRAMES


def imported_ms(*modules: str) -> float:
    """Return the CPU milliseconds that a new Python takes to import these modules."""
    script = f"import {', '.join(modules)}; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        spent = CpuMeter(process.pid).seconds()
        process.communicate(b"\n")
    return 1000 * spent
