"""The vision service, its results, and the transform that attaches them."""

from fractions import Fraction

import numpy as np
from camweave_example.peaks import Peak, PeakFinder, PeakFinderAttributes, PeakItem, Peaks, PeaksAttributes

from cameras import Frame, Pixels


def frame() -> Frame:
    """Return a frame with a bright pixel in its left half and a dimmer one in its right half."""
    image = np.zeros((10, 20, 3), np.uint8)
    image[2, 4] = 255
    image[7, 15] = 51
    return Frame(Pixels.from_bgr(image), 0, Fraction(1, 30), 0.0)


def finder() -> PeakFinder:
    return PeakFinder("finder", PeakFinderAttributes(blur_px=0))


EXPECTED = (Peak("left", 1.0, at=(0.225, 0.25)), Peak("right", 0.2, at=(0.775, 0.75)))


def test_the_brightest_points_are_found() -> None:
    service = finder()
    with service.open_session() as session:
        assert session.predict(Peak, frame()) == EXPECTED
    assert service.kinds == {"peaks"}
    assert service.labels == ("left", "right")


def test_the_transform_attaches_peaks_above_the_threshold() -> None:
    service = finder()
    transform = Peaks(PeaksAttributes(finder_name="finder", confidence_threshold=0.5), {"finder": service})
    transform.open()
    [found] = transform.apply(frame()).annotations
    transform.close()
    assert found == EXPECTED[0].attached_by("peaks", "finder")


def test_the_json_matches_the_schema() -> None:
    item = EXPECTED[1].to_wire(20, 10)
    assert item == {"name": "right", "brightness": 0.2, "x_normalized": 0.775, "y_normalized": 0.75}
    PeakItem.model_validate(item)
