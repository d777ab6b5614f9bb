"""The rate of a stream beside a model that takes longer than a frame, and how well its boxes follow the picture.

Both are those of a served, watched camera in real time. The model waits, as one on an accelerator does, and then knows
the true boxes of the frame that it was given, by the number in the test pattern's pixels. A transform behind it writes
down the boxes that each frame carries to the viewers, with the number in that frame's pixels.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path

from cameras import BoundingBox, Detection, Frame, Pixels
from cameras.pattern import Scene
from transforms.modes.optical_flow import CarriedPredictions, gray_of

from ..measuring import RATE, Finding, Findings, Program, ProgramError, Server, Viewers, at_least
from ..workloads import Inputs

MODEL_S = 0.1
"""What an inference takes where the rate of the stream is measured."""
SLOW_S = 0.2
"""What it takes where the boxes are compared: five a second."""
TARGET_FPS, TARGET_IOU, TARGET_DELAYED_IOU = 29.5, 0.8, 0.95
LATE = round(SLOW_S * RATE)
"""Frames from the one that is inferred to its result, and to the next one that is inferred."""
WARM_UP_S = 2.0
REPETITIONS = 2
WIDTH_PX, HEIGHT_PX = 1280, 720

Boxes = dict[str, BoundingBox]
"""The box of each object by its label; the test pattern has each label once."""

_SEEN = "seen.jsonl"
_PLUGIN = f"""
import json
import time
from pathlib import Path

from cameras import Attributes, Detection
from cameras.pattern import Scene
from cameras.pattern.scene import read_frame_number
from transforms import Transform
from vision import VisionService


class SlowAttributes(Attributes):
    seconds: float


class Slow(VisionService[SlowAttributes]):
    model_name = "slow"
    attributes_type = SlowAttributes

    def _load(self):
        self._scene = Scene(0, {WIDTH_PX}, {HEIGHT_PX})

    def _release(self):
        pass

    def _predictors(self):
        return {{Detection: self._detect}}

    def _detect(self, frame, session):
        with session.inference():
            ends_s = time.monotonic() + self.attributes.seconds
            things = self._scene.render(read_frame_number(frame.image)).things
            time.sleep(max(ends_s - time.monotonic(), 0))
        return tuple(Detection(thing.label, 0.9, box=thing.box) for thing in things)


class Noted(Transform[Attributes]):
    type_name = "noted"
    attributes_type = Attributes

    def open(self):
        self._file = open("{_SEEN}", "w")

    def apply(self, frame):
        boxes = {{
            each.label: [each.box.x_min, each.box.y_min, each.box.x_max, each.box.y_max]
            for each in frame.annotations
        }}
        print(json.dumps([read_frame_number(frame.image), boxes]), file=self._file, flush=True)
        return frame

    def close(self):
        self._file.close()
"""


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve a camera in each mode, and compare the boxes that its frames carry with the true ones."""
    (program.scratch / "slow.py").write_text(_PLUGIN, "utf-8")
    pairs = [[_rate(program, mode, inputs.work) for mode in ("sync", "latest")] for _ in range(REPETITIONS)]
    sync, latest = (tuple(pair[side][0] for pair in pairs) for side in (0, 1))
    inferences = tuple(pair[1][1] for pair in pairs)
    truth = _truth()
    overlaps = {}
    for mode in ("latest", "delayed"):
        carried = _carried(program, mode, inputs.work)
        stay = f"boxes that stay for {SLOW_S:g} to {2 * SLOW_S:g} s: {staying(list(carried), truth):.3f}"
        overlaps[mode] = mean_overlap(carried, truth), stay
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
            *(
                Finding(
                    f"IoU with the true boxes, {1 / SLOW_S:.0f} inferences/s, mode: {mode}",
                    (overlap,),
                    "",
                    stay,
                    at_least(target),
                )
                for (mode, (overlap, stay)), target in zip(
                    overlaps.items(), (TARGET_IOU, TARGET_DELAYED_IOU), strict=True
                )
            ),
            Finding("to move boxes", (_flow_ms(),), "ms CPU per frame", f"{len(truth(0))} objects"),
        ]
    )


@contextmanager
def _served(program: Program, mode: str, seconds: float, then: str = "") -> Iterator[Server]:
    """Serve the camera ``seen``, watched and warm, whose model takes so long, and a transform behind it."""
    config = program.scratch / "slow_model.yaml"
    config.write_text(
        "plugins: [slow.py]\ncameras:\n"
        "  - {name: scene, model: test_pattern, "
        f"attributes: {{frame_rate: {RATE}, width_px: {WIDTH_PX}, height_px: {HEIGHT_PX}}}}}\n"
        "  - {name: seen, model: transform, attributes: {source: scene, pipeline: "
        f"[{{type: detections, attributes: {{detector_name: things, mode: {mode}}}}}{then}]}}}}\n"
        f"services: [{{name: things, type: vision, model: slow, attributes: {{seconds: {seconds}}}}}]\n",
        "utf-8",
    )
    with program.serve(Path(config)) as server, Viewers(server.url) as viewers:
        viewers.open("seen")
        time.sleep(WARM_UP_S)
        yield server


def _rate(program: Program, mode: str, work: int) -> tuple[float, float]:
    """Return the frames and the inferences per second of a watched camera with the slow model."""
    with _served(program, mode, MODEL_S) as server:
        counts = []
        for pause_s in (work / RATE, 0.0):
            at_s, counters = time.monotonic(), server.camera("seen")["counters"]
            counts.append((at_s, counters["encoded"], counters["inferences"]["things"]))
            time.sleep(pause_s)
    (began_s, *before), (ended_s, *after) = counts
    frames, inferences = (b - a for a, b in zip(before, after, strict=True))
    return frames / (ended_s - began_s), inferences / (ended_s - began_s)


def _carried(program: Program, mode: str, work: int) -> dict[int, Boxes]:
    """Return the boxes that the frames of a served camera carry, by the number of the frame.

    Raises:
        ProgramError: Half of the frames are missing.
    """
    with _served(program, mode, SLOW_S, ", {type: noted}"):
        seen = program.scratch / _SEEN
        warm = len(seen.read_text("utf-8").splitlines())
        time.sleep(work / RATE)
        lines = [json.loads(line) for line in seen.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    carried = {number: {label: BoundingBox(*box) for label, box in boxes.items()} for number, boxes in lines[warm:]}
    if len(carried) < work / 2:
        raise ProgramError(f"mode {mode}: {len(carried)} frames came in {work / RATE:g} s, not {work}")
    return carried


def _truth() -> Callable[[int], Boxes]:
    """Return a function from the number of a frame to its true boxes."""
    scene = Scene(0, WIDTH_PX, HEIGHT_PX)
    return cache(lambda number: {thing.label: thing.box for thing in scene.render(number).things})


def mean_overlap(carried: dict[int, Boxes], truth: Callable[[int], Boxes]) -> float:
    """Return the mean overlap (IoU) with the true boxes of all frames; one that is not carried counts as 0."""
    return statistics.mean(
        boxes[label].overlap(true) if label in boxes else 0.0
        for number, boxes in carried.items()
        for label, true in truth(number).items()
    )


def staying(numbers: list[int], truth: Callable[[int], Boxes]) -> float:
    """Return the mean overlap in these frames of boxes that stay where they were when their frame was inferred."""
    ages = range(LATE, 2 * LATE)
    return statistics.mean(
        mean_overlap({number: truth(number - age)}, truth) for number in numbers for age in ages if number >= age
    )


def _flow_ms() -> float:
    """Return the CPU time in ms to move the boxes of all objects from one frame to the next."""
    scene = Scene(0, WIDTH_PX, HEIGHT_PX)
    pictures = [scene.render(number) for number in range(4 * LATE)]
    grays = [gray_of(Frame(Pixels.from_bgr(picture.image), 0, Fraction(1, RATE), 0.0)) for picture in pictures]
    carried = CarriedPredictions([Detection(thing.label, 1.0, box=thing.box) for thing in pictures[0].things], grays[0])
    began_s = time.thread_time()
    for gray in grays[1:]:
        carried.advance(gray)
        carried.predictions()
    return 1000 * (time.thread_time() - began_s) / (len(grays) - 1)
