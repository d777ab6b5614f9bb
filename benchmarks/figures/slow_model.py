"""The rate of a stream beside a model that takes longer than a frame, and how well its boxes follow the picture.

The model of the first part waits, as one on an accelerator does. The second part needs no clock: it gives the test
pattern's true boxes of five frames a second to the optical flow, each a fifth of a second late.
"""

from __future__ import annotations

import statistics
import time
from fractions import Fraction
from pathlib import Path

from cameras import Detection, Frame, Pixels
from cameras.pattern import Scene
from transforms.modes.interpolation import between
from transforms.modes.optical_flow import CarriedPredictions, gray_of

from ..measuring import RATE, Finding, Findings, Program, Viewers, at_least
from ..workloads import Inputs

MODEL_S = 0.1
TARGET_FPS, TARGET_IOU, TARGET_DELAYED_IOU = 29.5, 0.8, 0.95
LATE = 6
"""Frames from the one that is inferred to its result, and to the next one that is inferred."""
WARM_UP_S = 3.0
REPETITIONS = 2

_PLUGIN = f"""
import time

from cameras import Attributes, BoundingBox, Detection
from vision import VisionService


class Slow(VisionService[Attributes]):
    model_name = "slow"
    attributes_type = Attributes

    def _load(self):
        pass

    def _release(self):
        pass

    def _predictors(self):
        return {{Detection: self._detect}}

    def _detect(self, frame, session):
        with session.inference():
            time.sleep({MODEL_S})
        return (Detection("thing", 0.9, box=BoundingBox(0.4, 0.4, 0.6, 0.6)),)
"""


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve a camera in both modes, and compare moved boxes with the true ones."""
    (program.scratch / "slow.py").write_text(_PLUGIN, "utf-8")
    pairs = [[_rate(program, mode, inputs.work) for mode in ("sync", "latest")] for _ in range(REPETITIONS)]
    sync, latest = (tuple(pair[side][0] for pair in pairs) for side in (0, 1))
    inferences = tuple(pair[1][1] for pair in pairs)
    still, moved, flow_ms = _overlaps(inputs.work)
    straight = _delayed_overlap(inputs.work)
    stay = f"boxes that stay: {still:.3f}"
    return Findings(
        [
            Finding(
                f"stream of {RATE} frames/s beside a model of {MODEL_S} s, mode: latest",
                latest,
                "frames/s",
                f"mode: sync {statistics.median(sync):.2f}",
                at_least(TARGET_FPS),
            ),
            Finding("its inferences", inferences, "per s", f"the model alone: {1 / MODEL_S:.0f}"),
            Finding("IoU of boxes of 0.2 to 0.4 s ago, moved along", (moved,), "", stay, at_least(TARGET_IOU)),
            Finding("to move them", (flow_ms,), "ms CPU per frame", f"{_THINGS} objects"),
            Finding("IoU, mode: delayed", (straight,), "", stay, at_least(TARGET_DELAYED_IOU)),
        ]
    )


def _rate(program: Program, mode: str, work: int) -> tuple[float, float]:
    """Return the frames and the inferences per second of a watched camera with the slow model."""
    config = program.scratch / "slow_model.yaml"
    config.write_text(
        "plugins: [slow.py]\ncameras:\n"
        f"  - {{name: scene, model: test_pattern, attributes: {{frame_rate: {RATE}}}}}\n"
        "  - {name: seen, model: transform, attributes: {source: scene, pipeline: "
        f"[{{type: detections, attributes: {{detector_name: things, mode: {mode}}}}}]}}}}\n"
        "services: [{name: things, type: vision, model: slow, attributes: {}}]\n",
        "utf-8",
    )
    with program.serve(Path(config)) as server, Viewers(server.url) as viewers:
        viewers.open("seen")
        time.sleep(WARM_UP_S)
        counts = []
        for pause_s in (work / RATE, 0.0):
            at_s, counters = time.monotonic(), server.camera("seen")["counters"]
            counts.append((at_s, counters["encoded"], counters["inferences"]["things"]))
            time.sleep(pause_s)
    (began_s, *before), (ended_s, *after) = counts
    frames, inferences = (b - a for a, b in zip(before, after, strict=True))
    return frames / (ended_s - began_s), inferences / (ended_s - began_s)


_THINGS = len(Scene(0, 320, 180).render(0).things)


def _overlaps(work: int) -> tuple[float, float, float]:
    """Return the mean overlap of boxes that stay, and of those that move along, and the CPU time of a frame in ms."""
    scene = Scene(0, 1280, 720)
    pictures = [scene.render(number) for number in range(work + 2 * LATE)]
    boxes = [{thing.label: thing.box for thing in picture.things} for picture in pictures]
    frames = [Frame(Pixels.from_bgr(picture.image), 0, Fraction(1, RATE), 0.0) for picture in pictures]
    grays = [gray_of(frame) for frame in frames]
    still: list[float] = []
    moved: list[float] = []
    flow_s = 0.0
    for start in range(0, work, LATE):
        carried = CarriedPredictions(
            [Detection(label, 1.0, box=box) for label, box in boxes[start].items()], grays[start]
        )
        for number in range(start + 1, start + 2 * LATE):
            began_s = time.thread_time()
            carried.advance(grays[number])
            now = {each.label: each.box for each in carried.predictions() if isinstance(each, Detection)}
            flow_s += time.thread_time() - began_s
            if number >= start + LATE:
                still += [boxes[start][label].overlap(true) for label, true in boxes[number].items()]
                moved += [now[label].overlap(true) if label in now else 0.0 for label, true in boxes[number].items()]
    return statistics.mean(still), statistics.mean(moved), 1000 * flow_s / (work / LATE * (2 * LATE - 1))


def _delayed_overlap(work: int) -> float:
    """Return the mean overlap of boxes between two inferred frames with the true ones."""
    scene = Scene(0, 1280, 720)
    boxes = [{thing.label: thing.box for thing in scene.render(number).things} for number in range(work + LATE + 1)]
    overlaps: list[float] = []
    for start in range(0, work, LATE):
        before, after = (
            [Detection(label, 1.0, box=box) for label, box in boxes[number].items()] for number in (start, start + LATE)
        )
        for step in range(1, LATE):
            now = between(before, after, step / LATE)
            found = {each.label: each.box for each in now if isinstance(each, Detection)}
            overlaps += [found[label].overlap(true) for label, true in boxes[start + step].items()]
    return statistics.mean(overlaps)
