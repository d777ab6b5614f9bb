"""Pictures, depth and point clouds in Viam's formats."""

from __future__ import annotations

import dataclasses
import struct

import numpy as np
import pytest
from viam.media.video import CameraMimeType, ViamImage

from cameras import Intrinsics
from server.viam import pictures
from tests.fakes import frame


def test_viams_package_can_read_depth() -> None:
    depth = np.array([[0, 1000, 3], [2000, 65535, 4]], np.uint16)
    sent = ViamImage(pictures.raw_depth(depth), CameraMimeType.VIAM_RAW_DEPTH)
    assert sent.bytes_to_depth_array() == depth.tolist()


def test_a_point_cloud_has_metres_and_colours() -> None:
    seen = dataclasses.replace(
        frame(width=4, height=2, color=(1, 2, 3)),
        depth=np.array([[0, 0, 0, 1000], [2000, 0, 0, 0]], np.uint16),
        intrinsics=Intrinsics(4, 2, 10.0, 20.0, 1.0, 1.0),
    )
    cloud = pictures.point_cloud(seen)
    assert cloud is not None
    header, _, points = cloud.partition(b"DATA binary\n")
    assert header.startswith(b"VERSION .7\nFIELDS x y z rgb\n")
    assert header.endswith(b"POINTS 2\n")
    color = 3 << 16 | 2 << 8 | 1
    expected = [(0.2, -0.05, 1.0, color), (-0.2, 0.0, 2.0, color)]
    assert [tuple(point) for point in struct.iter_unpack("<fffI", points)] == [pytest.approx(row) for row in expected]
    assert pictures.point_cloud(dataclasses.replace(seen, intrinsics=None)) is None
    assert pictures.point_cloud(dataclasses.replace(seen, depth=None)) is None
