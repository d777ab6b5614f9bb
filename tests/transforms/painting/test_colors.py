from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from transforms.painting.colors import PALETTE, palette_color, readable_on, rgb

Matrix3 = tuple[tuple[float, float, float], ...]

SHAPES = ("star", "circle", "square", "triangle", "mug", "heart", "cross", "moon", "background")
COMMON = (
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "bus",
    "truck",
    "traffic light",
    "cat",
    "dog",
    "bird",
    "chair",
    "bottle",
)


@pytest.mark.parametrize("labels", [SHAPES, COMMON], ids=["the shapes of the test pattern", "the commonest of COCO"])
def test_labels_often_seen_together_differ_in_color(labels: tuple[str, ...]) -> None:
    colors = [palette_color(label) for label in labels]
    assert len(set(colors)) == len(labels)


def test_all_colors_are_used_equally() -> None:
    colors = Counter(palette_color(f"label {n}") for n in range(1400))
    assert set(colors) == set(PALETTE)
    assert 60 < min(colors.values()) and max(colors.values()) < 140


# Of linear red, green and blue: Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of
# Color Vision Deficiency", severity 1. In CIELAB the nearest two of Okabe's and Ito's are 26, 20, 17 and 16 apart.
@pytest.mark.parametrize(
    ("cone", "apart"),
    [
        (((1, 0, 0), (0, 1, 0), (0, 0, 1)), 26),
        (((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)), 18),
        (((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)), 17),
        (((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)), 16),
    ],
    ids=["all cones", "no red", "no green", "no blue"],
)
def test_colors_differ_under_color_blindness(cone: Matrix3, apart: float) -> None:
    seen = cielab(np.clip(linear(PALETTE) @ np.array(cone).T, 0, 1))
    distances = [float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2)]
    assert len(distances) == 91
    assert min(distances) >= apart


def linear(colors: Sequence[tuple[int, int, int]]) -> NDArray[np.float64]:
    values = np.array(colors) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def cielab(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return L, a and b of linear sRGB colors, under its own white."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = colors @ to_xyz.T / to_xyz.sum(axis=1)
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def test_a_hex_color_is_parsed() -> None:
    assert rgb("#e69F00") == (230, 159, 0)


@pytest.mark.parametrize("color", PALETTE)
def test_text_is_readable_on_every_color(color: tuple[int, int, int]) -> None:
    lighter, darker = sorted((luminance(color), luminance(readable_on(color))), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2, level AA


def luminance(color: tuple[int, int, int]) -> float:
    return float(np.dot([0.2126, 0.7152, 0.0722], linear([color])[0]))
