"""Pictures and properties of cameras."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from grpclib import Status
from numpy.typing import NDArray

from server.core import frames
from server.viam import camera

from ..served import CAMERAS, FOUND, Served
from .clients import asked, refused


def decoded(data: bytes) -> NDArray[np.int16]:
    """Return a picture with signed values, for differences."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.int16)


def test_a_picture_is_jpeg_without_metadata_and_has_its_capture_time(served: Served) -> None:
    before = datetime.now(UTC).timestamp() - 1
    found, metadata = asked(served, lambda there: there.camera("seen").get_images())
    (picture,) = found
    assert (picture.name, picture.mime_type, picture.width, picture.height) == ("color", "image/jpeg", 32, 24)
    assert picture.data[:11] == b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
    assert b"Exif" not in picture.data
    assert before < metadata.captured_at.ToNanoseconds() / 1e9 < datetime.now(UTC).timestamp()


def test_sources_of_a_camera_can_be_chosen(served: Served) -> None:
    found, _ = asked(served, lambda there: there.camera("still").get_images(filter_source_names=["color"]))
    assert [picture.name for picture in found] == ["color"]
    assert refused(served, lambda there: there.camera("still").get_images(filter_source_names=["color", "color"])) == (
        Status.INVALID_ARGUMENT,
        "source name 'color' is given more than once",
    )
    assert refused(served, lambda there: there.camera("still").get_images(filter_source_names=["depth"])) == (
        Status.INVALID_ARGUMENT,
        "camera still has no source 'depth', only color",
    )


@pytest.mark.parametrize("name", ["unknown", "secret", ""])
def test_an_unknown_or_private_camera_is_not_found(served: Served, name: str) -> None:
    expected = (Status.NOT_FOUND, f"there is no camera {name!r}")
    assert refused(served, lambda there: there.camera(name).get_images()) == expected
    assert refused(served, lambda there: there.camera(name).get_properties()) == expected
    assert refused(served, lambda there: there.camera(name).get_status()) == expected
    assert refused(served, lambda there: there.camera(name).get_geometries()) == expected


def test_the_error_explains_why_a_camera_gives_no_frame(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.3)
    status, sentence = refused(served, lambda there: there.camera("gone").get_images())
    assert status is Status.DEADLINE_EXCEEDED
    assert sentence.startswith("camera gone gave no frame within ")


def test_an_offline_camera_has_properties(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "PROPERTIES_TIMEOUT_S", 0.3)
    properties = asked(served, lambda there: there.camera("gone").get_properties())
    assert not properties.supports_pcd
    assert not properties.HasField("intrinsic_parameters")


@pytest.mark.parametrize("mime_type", ["", "image/png", "image/vnd.viam.rgba+lazy"])
def test_a_client_of_2023_gets_its_image(served: Served, mime_type: str) -> None:
    got = asked(served, lambda there: there.get_image("still", mime_type))
    assert got.mime_type == "image/jpeg"
    picture = cv2.imdecode(np.frombuffer(got.image, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    assert refused(served, lambda there: there.get_image("secret", mime_type))[0] is Status.NOT_FOUND


def test_properties_include_the_lens(served: Served) -> None:
    properties = asked(served, lambda there: there.camera("lens").get_properties())
    lens = properties.intrinsic_parameters
    assert (lens.width_px, lens.height_px) == (64, 48)
    assert (lens.focal_x_px, lens.focal_y_px, lens.center_x_px, lens.center_y_px) == (50, 51, 32, 24)
    assert properties.distortion_parameters.model == "brown_conrady"
    assert list(properties.distortion_parameters.parameters) == [0.1, 0.0, 0.0, 0.0, 0.2]
    assert list(properties.mime_types) == ["image/jpeg"]
    assert properties.frame_rate == pytest.approx(50, rel=0.5)
    assert not properties.supports_pcd


def test_status_and_geometries(served: Served) -> None:
    status = asked(served, lambda there: there.camera("seen").get_status())
    assert (status["name"], status["source"]) == ("seen", "still")
    assert asked(served, lambda there: there.camera("seen").get_geometries()) == []


def test_a_status_omits_unknown_values(served: Served) -> None:
    status = asked(served, lambda there: there.camera("gone").get_status())
    assert not {"source", "latest", "width_px"} & set(status)
    assert asked(served, lambda there: there.camera("seen").get_status())["transforms"][0].keys() >= {"type"}


def test_pictures_show_the_annotations(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS + FOUND + "server: {viam: {port: 0}}\n") as served:
        found, _ = asked(served, lambda there: there.camera("found").get_images())
        old = asked(served, lambda there: there.get_image("found"))
        plain = asked(served, lambda there: there.get_image("still"))
    for data in (found[0].data, old.image):
        assert np.abs(decoded(data) - decoded(plain.image)).max() > 100, "with the box of the red half"
