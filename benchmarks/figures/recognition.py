"""CPU time per frame of the services that need no third-party model.

The services take turns frame by frame, so that a busy machine slows all alike. One core: OpenCV's own threads are off.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import cv2

from cameras import Caption, Detection
from pipeline import load
from vision import build_services

from ..measuring import Finding, Findings, Program
from ..workloads import Inputs
from .frames import of_clip

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = ("colors", "motion", "captions")


def measure(_program: Program, inputs: Inputs) -> Findings:
    """Run every service on the frames of the clip."""
    services = {name: build_services(tuple(load(CONFIGS / f"{name}.yaml").services.values())) for name in NAMES}
    every = [(name, service) for name, several in services.items() for service in several.values()]
    spent, frames = dict.fromkeys(NAMES, 0.0), of_clip(inputs.clip)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ExitStack() as stack:
            asked = [(name, stack.enter_context(service.open_session())) for name, service in every]
            for frame in frames:
                for name, session in asked:
                    before = time.process_time()
                    session.predict(Caption if name == "captions" else Detection, frame)
                    spent[name] += time.process_time() - before
    finally:
        cv2.setNumThreads(threads)
    return Findings(
        [
            Finding(service.model_name, (1000 * spent[name] / len(frames),), "ms CPU per frame")
            for name, service in every
        ]
    )
