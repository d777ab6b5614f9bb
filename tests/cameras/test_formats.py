from __future__ import annotations

import av
import pytest

from cameras.formats import FILE_FORMATS, HTTP_FORMATS, STREAM_FORMATS

LEADING_AWAY = (
    "concat",
    "dash",
    "image2",
    "imf",
    "lavfi",
    "sdp",
    "sap",
    "rtsp",
    "rtp",
    "hls",
    "vobsub",
    "webm_dash_manifest",
)


@pytest.mark.parametrize(
    ("formats", "allowed"), [(FILE_FORMATS, set()), (STREAM_FORMATS, {"rtsp", "rtp"}), (HTTP_FORMATS, {"hls"})]
)
def test_formats_that_lead_to_other_inputs_are_allowed_only_where_they_must_be(formats: str, allowed: set[str]) -> None:
    assert set(formats.split(",")) & set(LEADING_AWAY) == allowed


def test_devices_are_no_formats_of_files() -> None:
    devices = {"alsa", "fbdev", "kmsgrab", "video4linux2", "v4l2", "x11grab", "xcbgrab", "dshow", "avfoundation"}
    assert not devices & set(FILE_FORMATS.split(","))


def test_every_format_is_known_to_ffmpeg() -> None:
    names = FILE_FORMATS.split(",")
    assert len(set(names)) == len(names)
    known = {each for name in av.formats_available for each in name.split(",")}
    assert set(names) <= known
