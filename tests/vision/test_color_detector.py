from __future__ import annotations

import colorsys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from cameras import Detection, Frame, Matrix, Pixels
from vision import ColorDetector, ColorDetectorAttributes
from vision.color_detector import ColorTest

RED, BLUE, GREY = (40, 30, 220), (220, 60, 30), (128, 128, 128)


def detector(**attributes: Any) -> ColorDetector:
    values: dict[str, Any] = {"detect_color": "#DC1E28", "hue_tolerance_pct": 0.1} | attributes
    return ColorDetector("red-things", ColorDetectorAttributes(**values))


def painted(*boxes: tuple[int, int, int, int, tuple[int, int, int]]) -> Frame:
    """Return a grey frame of 200 x 160 with rectangles (x_min, y_min, x_max, y_max, BGR)."""
    image = np.full((160, 200, 3), GREY, np.uint8)
    for x_min, y_min, x_max, y_max, color in boxes:
        image[y_min:y_max, x_min:x_max] = color
    return Frame(Pixels.from_bgr(image), 0, Fraction(1, 30), 0.0)


def boxes_of(found: tuple[Detection, ...]) -> list[tuple[int, int, int, int]]:
    return [detection.box.to_pixels(200, 160) for detection in found]


def test_areas_of_the_colour_are_found_largest_first() -> None:
    frame = painted((10, 20, 90, 90, RED), (100, 5, 195, 95, RED), (20, 100, 120, 155, BLUE))
    with detector().open_session() as service:
        found = service.predict(Detection, frame)
        assert service.service.kinds == {"detections"}
        assert service.service.labels == ("red",)
    assert boxes_of(found) == [(100, 5, 195, 95), (10, 20, 90, 90)]
    assert {(one.label, one.confidence) for one in found} == {("red", 1.0)}


def test_the_area_of_the_box_decides_what_is_too_small() -> None:
    # An L whose box has 5000 pixels though it covers fewer, and a rectangle of 4999 or so.
    frame = painted((10, 10, 20, 60, RED), (20, 50, 110, 60, RED), (120, 80, 170, 150, RED))
    with detector().open_session() as service:
        assert boxes_of(service.predict(Detection, frame)) == [(10, 10, 110, 60)]
    with detector(segment_size_px=3500).open_session() as service:
        assert boxes_of(service.predict(Detection, frame)) == [(10, 10, 110, 60), (120, 80, 170, 150)]
    with detector(segment_size_px=0).open_session() as service:
        assert len(service.predict(Detection, frame)) == 1


def test_a_yuv_picture_is_accepted() -> None:
    y, u, v = painted((10, 20, 110, 120, RED)).pixels.yuv
    frame = Frame(Pixels.from_yuv(y, u, v, Matrix.BT601), 0, Fraction(1, 30), 0.0)
    with detector().open_session() as service:
        assert boxes_of(service.predict(Detection, frame)) == [(10, 20, 110, 120)]


@pytest.mark.parametrize(
    ("color", "label"),
    [
        ("#FF0000", "red"), ("#FF8000", "orange"), ("#FFFF00", "yellow"), ("#80FF00", "lime-green"),
        ("#00FF00", "green"), ("#00FF80", "green-blue"), ("#00FFFF", "cyan"), ("#0080FF", "light-blue"),
        ("#0000FF", "blue"), ("#8000FF", "violet"), ("#FF00FF", "magenta"), ("#FF0080", "rose"), ("#ff0020", "red"),
    ],
)  # fmt: skip
def test_without_a_label_the_hue_names_it(color: str, label: str) -> None:
    assert detector(detect_color=color).label == label
    assert detector(detect_color=color, label="thing").label == "thing"


@pytest.mark.parametrize("tolerance", [0.01, 0.1, 0.5, 0.51, 0.9, 1.0])
@pytest.mark.parametrize("hue", [0.0, 7.0, 120.0, 301.0, 359.5])
def test_pixels_are_judged_as_by_their_hue_saturation_and_value(hue: float, tolerance: float) -> None:
    image = np.random.default_rng(int(hue)).integers(0, 256, (40, 40, 3), np.uint8)
    judged = ColorTest(hue, tolerance, 0.3, 0.4).mask(image)
    for pixel, got in zip(image.reshape(-1, 3), judged.reshape(-1), strict=True):
        assert (got == 255) in _right(pixel, hue, tolerance)


def test_a_large_picture_is_judged_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(0, 256, (41, 40, 3), np.uint8)
    whole = ColorTest(120, 0.3, 0.3, 0.4).mask(image)
    monkeypatch.setattr("vision.color_detector._BAND_PX", 85)
    assert np.array_equal(ColorTest(120, 0.3, 0.3, 0.4).mask(image), whole)


def _right(pixel: NDArray[np.uint8], hue: float, tolerance: float) -> set[bool]:
    """Return whether a pixel counts: by the book, and both where it lies on an edge, a hundredth of a degree wide."""
    blue, green, red = (int(channel) / 255 for channel in pixel)
    own_hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    away = abs((own_hue * 360 - hue + 180) % 360 - 180)
    return {
        saturation >= 0.3 - room and value >= 0.4 - room and (away <= tolerance * 180 + room or tolerance == 1)
        for room in (-1e-2, 1e-2)
    }


def test_grey_has_no_hue() -> None:
    image = np.full((4, 4, 3), 200, np.uint8)
    assert not ColorTest(0, 1.0, 0.0, 0.0).mask(image).any()


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"detect_color": None},
            'must be a colour in quotes, as "#RRGGBB": without quotes YAML reads # as a comment',
        ),
        ({"detect_color": "red"}, "must be a colour as \"#RRGGBB\", got 'red'"),
        ({"detect_color": "#DC1E2"}, "must be a colour as \"#RRGGBB\", got '#DC1E2'"),
        (
            {"detect_color": "#808080"},
            "#808080 is too grey to detect: its saturation is 0.000, less than saturation_cutoff_pct 0.2",
        ),
        (
            {"detect_color": "#400000"},
            "#400000 is too dark to detect: its value is 0.251, less than value_cutoff_pct 0.3",
        ),
        (
            {"detect_color": "#FF8080", "saturation_cutoff_pct": 0.6},
            "#FF8080 is too grey to detect: its saturation is 0.498, less than saturation_cutoff_pct 0.6",
        ),
        ({"hue_tolerance_pct": 0.0}, "Input should be greater than 0"),
        ({"hue_tolerance_pct": 1.5}, "Input should be less than or equal to 1"),
        ({"segment_size_px": -1}, "Input should be greater than or equal to 0"),
    ],
)
def test_a_color_that_can_never_match_is_refused(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        detector(**attributes)
    assert message in str(caught.value)


@pytest.mark.parametrize("missing", ["detect_color", "hue_tolerance_pct"])
def test_required_attributes_must_be_set(missing: str) -> None:
    values = {"detect_color": "#DC1E28", "hue_tolerance_pct": 0.1}
    del values[missing]
    with pytest.raises(ValidationError, match=rf"{missing}\n  Field required"):
        ColorDetectorAttributes.model_validate(values)


def test_zero_means_the_default_cutoffs_as_in_viam() -> None:
    attributes = detector(saturation_cutoff_pct=0.0, value_cutoff_pct=0.0).attributes
    assert (attributes.saturation_cutoff, attributes.value_cutoff) == (0.2, 0.3)


def test_camera_name_is_the_default_camera() -> None:
    assert ColorDetector.default_camera(detector(camera_name="porch").attributes) == "porch"
