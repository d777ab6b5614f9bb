from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cameras import Frame
from tests.harness import through
from tests.transforms.depths import deep
from tests.transforms.pictures import DOG, bgr, detection
from tests.transforms.refusals import refusals
from transforms import Style, paint
from transforms.paint import Paint, PaintAttributes


def painted(frame: Frame, **attributes: Any) -> Frame:
    return through(Paint(PaintAttributes.model_validate(attributes), {}), frame)[0]


def test_annotations_are_painted_and_removed() -> None:
    frame = deep(np.full((120, 160), 900), annotations=(DOG, detection(0.2, 0.4, 0.8, 0.9)))
    out = painted(frame)
    np.testing.assert_array_equal(out.image, paint(frame, Style()).image)
    assert not np.array_equal(out.image, frame.image)
    assert out.annotations == ()
    assert (out.depth is frame.depth, out.intrinsics) == (True, frame.intrinsics)


def test_annotations_can_stay_as_data() -> None:
    frame = bgr(160, 120, DOG)
    out = painted(frame, keep_annotations=True)
    assert out.annotations == (DOG,)
    np.testing.assert_array_equal(out.image, painted(frame).image)


def test_a_frame_without_annotations_is_returned_unchanged() -> None:
    frame = bgr(160, 120)
    assert painted(frame) is frame


def test_it_has_a_style_of_its_own() -> None:
    out = painted(bgr(160, 120, detection(0.2, 0.4, 0.8, 0.9)), style={"color": "#ffffff", "line_width_px": 2})
    assert (out.image[60:100, 32:34] == 255).all()


def test_wrong_values_are_refused(tmp_path: Path) -> None:
    wanted = "must be a color such as \"#1f77b4\", or auto, got 'red'"
    assert refusals(PaintAttributes, style={"color": "red"}) == [("style.color", wanted)]
    (tmp_path / "text.ttf").write_text("no font at all")
    chosen = PaintAttributes.model_validate({"style": {"font": "text.ttf"}}, context={"folder": tmp_path})
    assert list(chosen.check()) == [(("style", "font"), f"{tmp_path}/text.ttf: not a TrueType or OpenType font")]
