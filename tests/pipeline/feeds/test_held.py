"""The picture that a feed holds after it has stopped."""

from typing import Any

import cv2
import numpy as np
import pytest

from cameras import BoundingBox, Detection
from pipeline.feeds.held import HeldPicture
from pipeline.feeds.meters import Counters
from pipeline.feeds.painter import Painter
from tests.fakes import frame
from transforms import Style

BOX = Detection("mug", 0.9, box=BoundingBox(0.25, 0.25, 0.75, 0.75))


def test_the_picture_is_held_clean_and_painted_with_its_time() -> None:
    last = frame(7, width=64, height=48).with_annotations([BOX])
    painter = Painter(Style(), Counters())
    held = HeldPicture(last, painter)
    for annotations, image in ((False, last.image), (True, painter.painted(last).image)):
        found = held.frame(annotations)
        assert (found.pts, found.time_base, found.captured_at) == (last.pts, last.time_base, last.captured_at)
        assert found.annotations == ()
        assert found.image.dtype == np.uint8
        assert abs(found.image.astype(int) - image).mean() < 5
    assert (held.frame(True).image != held.frame(False).image).any()


def test_a_picture_without_annotations_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encode, sizes = cv2.imencode, []

    def counted(suffix: str, image: np.ndarray[Any, Any], *options: Any) -> Any:
        sizes.append(image.shape)
        return encode(suffix, image, *options)

    monkeypatch.setattr(cv2, "imencode", counted)
    HeldPicture(frame(width=64, height=48), Painter(Style(), Counters()))
    assert sizes == [(48, 64, 3)]
