"""The lens parameters that a transform camera declares reach its transforms, live and in a chain for files."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cameras import Intrinsics
from pipeline import Chain, Config, Graph, TransformAttributes
from pipeline.producers.line import Line
from pipeline.producers.step import step
from tests.fakes import FakeClock, frame
from tests.pipeline.builders import config
from transforms.lens import IntrinsicParameters

LENS = "{width_px: 8, height_px: 6, fx: 8.0, fy: 8.0, ppx: 4.0, ppy: 3.0}"


def declared(lens: str, distortion: str = "{rk1: 0.9}", extra: str = "") -> Config:
    return config(
        f"""
        cameras:
          - {{name: scene, model: test_pattern}}
          - name: straight
            model: transform
            attributes:
              source: scene
              intrinsic_parameters: {lens}
              distortion_parameters: {distortion}
              pipeline: [{{type: undistort}}{extra}]
        """
    )


def test_undistort_takes_the_lens_of_the_camera() -> None:
    (came,) = Chain(declared(LENS), "straight").apply(frame())
    assert came.intrinsics == Intrinsics(8, 6, 8.0, 8.0, 4.0, 3.0)
    assert came.distortion == ()
    assert not np.array_equal(came.image, frame().image), "what comes from outside is black"


def test_a_live_line_uses_the_lens_of_the_camera() -> None:
    graph = Graph(declared(LENS), clock=FakeClock())
    producer = graph.feeds["straight"].producer
    assert isinstance(producer, Line)
    came = step(frame(), producer.row).frame
    assert came is not None and came.intrinsics == Intrinsics(8, 6, 8.0, 8.0, 4.0, 3.0)
    graph.close()


def test_a_lens_for_another_size_is_reported() -> None:
    with pytest.raises(ValueError, match="the picture is 16x6, but the intrinsic parameters are for 8x6"):
        Chain(declared(LENS), "straight").apply(frame(width=16))


def test_a_lens_of_zeros_keeps_the_lens_of_the_source() -> None:
    known = Intrinsics(8, 6, 9.0, 9.0, 4.0, 3.0)
    attributes = declared(LENS).cameras["straight"].attributes
    assert isinstance(attributes, TransformAttributes)
    zeros = IntrinsicParameters(width_px=0, height_px=0, fx=0.0, fy=0.0, ppx=0.0, ppy=0.0)
    unknown = attributes.model_copy(update={"intrinsic_parameters": zeros})
    assert unknown.entering(dataclasses.replace(frame(), intrinsics=known)).intrinsics == known


def test_the_lens_follows_geometric_transforms() -> None:
    turned = declared(
        LENS,
        extra=", {type: rotate, attributes: {angle_degs: 90}}, {type: crop, attributes: "
        "{x_min_px: 2, x_max_px: 6, y_max_px: 8, units: px}}",
    )
    (came,) = Chain(turned, "straight").apply(frame())
    assert came.intrinsics == Intrinsics(4, 8, 8.0, 8.0, 1.0, 4.0)


def test_without_a_declared_lens_the_frame_is_unchanged() -> None:
    plain = config(
        """
        cameras:
          - {name: scene, model: test_pattern}
          - {name: same, model: transform, attributes: {source: scene, pipeline: [{type: identity}]}}
        """
    )
    still = frame()
    assert Chain(plain, "same").apply(still) == (still,)
