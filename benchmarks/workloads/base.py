"""The definition of a workload: one run of the program on given inputs, and its CPU time per unit of work."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..measuring import Program, first_picture, jpeg, render

MODELS = Path(__file__).parents[2] / "configs" / "models"
SHAPES_DETECTOR, SHAPES_LABELS = MODELS / "shapes_detector.tflite", MODELS / "shapes.txt"
CLIP_FRAMES = 120
LEAST_SCORE = 0.5
"""The confidence from which on detections are painted."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of every run of a workload, the same for both commits.

    Attributes:
        clip: A video, 1280 x 720 unless the user gave one.
        small_clip: A video, 640 x 360 unless the user gave one.
        picture: A picture of the clip as JPEG.
        model: A TFLite detector.
        labels: Its labels, one a line; None when they are packed in it.
        work: How much work a run does, in frames of a camera at 30 frames per second.
        numbers: The numbers of cameras that `cameras` serves, ascending.
        seconds: How long it measures each number.
        minutes: How long `overload` runs.
    """

    clip: Path
    small_clip: Path
    picture: bytes
    model: Path
    labels: Path | None
    work: int
    numbers: tuple[int, ...] = (1, 8, 16, 24, 32, 48, 64)
    seconds: float = 6.0
    minutes: float = 3.0

    def detected(self, clip: Path, *, loop: bool = False) -> str:
        """Return a configuration: a video as the camera ``clip``, and ``seen``, which detects on it."""
        return f"""cameras:
  - {{name: clip, model: video_file, attributes: {{path: "{clip}", loop: {str(loop).lower()}}}}}
  - name: seen
    model: transform
    attributes:
      source: clip
      pipeline:
        - {{type: detections, attributes: {{detector_name: things, confidence_threshold: {LEAST_SCORE}}}}}
{self.detector()}"""

    def detector(self) -> str:
        """Return the ``services`` of a configuration: a vision service ``things`` that runs the model."""
        labels = f', label_path: "{self.labels}"' if self.labels else ""
        return (
            "services:\n"
            "  - name: things\n    type: vision\n    model: mlmodel\n"
            f'    attributes: {{model_path: "{self.model}"{labels}, num_threads: 1}}\n'
        )


@dataclass(frozen=True)
class Workload:
    """One row of the comparison.

    Attributes:
        name: What the command line calls it: the name of its module.
        what: What is measured, for the output.
        unit: Of the cost, such as ``ms per frame``.
        measure: Runs the program once and returns the cost, in the unit. CPU time, without the start of the program
            unless that is what is measured.
    """

    name: str
    what: str
    unit: str
    measure: Callable[[Program, Inputs], float]


@contextlib.contextmanager
def prepared(video: Path | None, model: Path | None, labels: Path | None, work: int) -> Iterator[Inputs]:
    """Render the clips that the user did not pass, and remove them in the end.

    Args:
        video: Takes the place of both clips.
        model: Takes the place of the demo's detector, and ``labels`` of its labels.
        labels: One label a line; None when the model holds them.
        work: As in `Inputs`.
    """
    with tempfile.TemporaryDirectory(prefix="camweave-bench-") as folder:
        clip, small_clip = video, video
        if clip is None or small_clip is None:
            clip, small_clip = Path(folder, "clip.mp4"), Path(folder, "small.mp4")
            render(clip, 1280, 720, CLIP_FRAMES)
            render(small_clip, 640, 360, CLIP_FRAMES)
        if model is None:
            model, labels = SHAPES_DETECTOR, SHAPES_LABELS
        yield Inputs(clip.resolve(), small_clip.resolve(), jpeg(first_picture(clip)), model.resolve(),
                     labels and labels.resolve(), work)  # fmt: skip
