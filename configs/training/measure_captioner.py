"""Accuracy of the captioner on the same unseen scenes of the test pattern as the other models.

Needs a runtime for TFLite and nothing of what trained it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cameras.pattern.shapes import Canvas

from .captions import END, MOST_WORDS, START, WORDS, caption, is_true
from .measure import unseen

MODELS = Path(__file__).parents[1] / "models"
ENCODER = MODELS / "shapes_captioner_encoder.tflite"
DECODER = MODELS / "shapes_captioner_decoder.tflite"
VOCABULARY = MODELS / "shapes_captioner.txt"
FIGURES = MODELS / "captioner_figures.json"


class Captioner:
    """The two files on one core.

    Attributes:
        seconds: How long each sentence took.
    """

    def __init__(self) -> None:
        """Load the files."""
        self._eyes, self._pen = (Interpreter(model_path=str(path), num_threads=1) for path in (ENCODER, DECODER))
        for part in (self._eyes, self._pen):
            part.allocate_tensors()
        self.seconds: list[float] = []

    def write(self, image: Canvas) -> str:
        """Return the sentence for a BGR picture of any size: the most likely word at each step."""
        side_px = int(self._eyes.get_input_details()[0]["shape"][1])
        small = cv2.cvtColor(cv2.resize(image, (side_px, side_px)), cv2.COLOR_BGR2RGB)
        begin = time.perf_counter()
        cells = _run(self._eyes, small[None])
        words = np.full((1, MOST_WORDS), END, np.int32)
        words[0, 0] = START
        said = []
        for place in range(MOST_WORDS):
            word = int(_run(self._pen, words, cells)[0, place].argmax())
            if word == END:
                break
            said.append(WORDS[word])
            if place + 1 < MOST_WORDS:
                words[0, place + 1] = word
        self.seconds.append(time.perf_counter() - begin)
        return " ".join(said)


def _run(part: Any, *inputs: Any) -> Any:
    for detail, value in zip(part.get_input_details(), inputs, strict=True):
        part.set_tensor(detail["index"], value)
    part.invoke()
    return part.get_tensor(part.get_output_details()[0]["index"])


def measured(scenes: int) -> dict[str, Any]:
    """Return the figures for all pictures, and for those with a single best sentence."""
    captioner = Captioner()
    exact, clear_exact, true, right_words, words = [], [], [], 0, 0
    for picture in unseen(scenes, 10):
        wanted, clear = caption(picture.things)
        said = captioner.write(picture.image)
        exact.append(said == wanted)
        if clear:
            clear_exact.append(said == wanted)
        true.append(is_true(said, picture.things))
        pair = (said.split(), wanted.split())
        right_words += sum(one == other for one, other in zip(*pair, strict=False))
        words += max(map(len, pair))
    return {
        "pictures": len(exact),
        "exact": round(float(np.mean(exact)), 4),
        "exact_where_clear": round(float(np.mean(clear_exact)), 4),
        "clear": len(clear_exact),
        "true": round(float(np.mean(true)), 4),
        "words_right": round(right_words / words, 4),
        "ms": round(float(np.median(captioner.seconds)) * 1e3, 2),
        "bytes": ENCODER.stat().st_size + DECODER.stat().st_size,
    }
