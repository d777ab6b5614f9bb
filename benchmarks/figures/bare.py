"""Bare library calls, without threads, queues or a server, to stand beside what the program costs."""

from __future__ import annotations

import subprocess
import sys
import time

import cv2
import numpy as np

from ..measuring import CpuMeter

FRAMES = 120


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
