from __future__ import annotations

import numpy as np
import pytest

from vision.outputs.heads.evidence import squeezed
from vision.outputs.heads.head import best_classes, corners, probabilities, to_fractions
from vision.outputs.scores.probabilities import sigmoid


def test_sizes_of_one_are_left_out_but_the_batch() -> None:
    assert squeezed((1, 1917, 1, 4)) == (1, 1917, 4)
    assert squeezed((1, 896, 1)) == (1, 896)
    assert squeezed(()) == ()


def test_boxes_become_corners() -> None:
    made = corners(np.array([[0.5, 0.25]], np.float32), np.array([[0.5, 0.5]], np.float32))
    assert made.tolist() == [[0.25, 0.0, 0.75, 0.5]]


def test_pixels_become_fractions_and_fractions_stay() -> None:
    pixels = np.array([[32, 16, 64, 8], [0.5, 0.5, 1, 1]], np.float32)
    assert to_fractions(pixels, (64, 32))[0].tolist() == [0.5, 0.5, 1.0, 0.25]
    assert to_fractions(pixels[1:], (64, 32)).tolist() == pixels[1:].tolist()
    assert len(to_fractions(pixels[:0], (64, 32))) == 0


def test_scores_become_probabilities_by_their_activation() -> None:
    scores = np.array([[-1000.0, 0.0, 1000.0]], np.float32)
    assert sigmoid(scores)[0] == pytest.approx([0.0, 0.5, 1.0])
    assert probabilities(scores, "sigmoid")[0] == pytest.approx([0.0, 0.5, 1.0])
    assert probabilities(scores, "softmax")[0] == pytest.approx([0.0, 0.0, 1.0])
    assert probabilities(scores, "none") is scores
    assert probabilities(scores[:0], "softmax").tolist() == []


def test_each_box_has_its_best_label_and_noise_none() -> None:
    boxes = np.arange(12, dtype=np.float32).reshape(3, 4)
    scores = np.array([[0.1, 0.3], [0.01, 0.02], [np.nan, 0.9]], np.float32)
    found = best_classes(boxes, scores)
    assert found.boxes.tolist() == [[0.0, 1.0, 2.0, 3.0]]
    assert (found.class_ids.tolist(), found.scores.round(3).tolist()) == ([1.0], [pytest.approx(0.3)])
