"""Which stream the URLs of clients name."""

from __future__ import annotations

import pytest

from streams import RtspError, rtsp_url


@pytest.mark.parametrize(
    ("url", "camera", "annotations", "base", "track"),
    [
        ("rtsp://host:8554/porch", "porch", True, "rtsp://host:8554/porch", None),
        ("rtsp://host:8554/porch/", "porch", True, "rtsp://host:8554/porch", None),
        ("rtsp://user:pass@host/porch/trackID=0", "porch", True, "rtsp://host/porch", "0"),
        ("rtsp://host//porch//trackID=0/", "porch", True, "rtsp://host//porch", "0"),
        ("rtsp://host/porch?annotations=false", "porch", False, "rtsp://host/porch?annotations=false", None),
        ("rtsp://host/porch?annotations=0/trackID=0", "porch", False, "rtsp://host/porch?annotations=0", "0"),  # FFmpeg
        ("rtsp://host/porch/trackID=0?annotations=no", "porch", False, "rtsp://host/porch?annotations=no", "0"),  # gst
        ("rtsp://host/porch/?annotations=FALSE/", "porch", False, "rtsp://host/porch?annotations=FALSE", None),
        ("rtsp://host/porch?transportmode=unicast&profile=a", "porch", True, None, None),  # of recorders
        ("rtsp://[fe80::1]:554/porch", "porch", True, "rtsp://[fe80::1]:554/porch", None),
        ("rtspu://host/porch", "porch", True, "rtspu://host/porch", None),
        ("/porch/trackID=1", "porch", True, "/porch", "1"),
        ("rtsp://host/a%20b/c", "a b/c", True, "rtsp://host/a%20b/c", None),
        ("rtsp://host", "", True, "rtsp://host", None),
        ("*", "*", True, "*", None),
    ],
)
def test_a_url_names_a_camera(url: str, camera: str, annotations: bool, base: str | None, track: str | None) -> None:
    found = rtsp_url(url)
    assert (found.camera, found.annotations, found.track) == (camera, annotations, track)
    assert found.base == (base or url)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://host/porch", "the URL must begin with rtsp://, got http://"),
        ("rtsp://[host/porch", "the URL cannot be read"),
        ("rtsp://host:70000/porch", "the URL cannot be read"),
        ("rtsp://host/porch?annotations=maybe", 'annotations must be true or false, got "maybe"'),
        ("rtsp://host/porch?" + "a&" * 200, "the URL has too many parameters"),
    ],
)
def test_a_url_that_names_none_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(RtspError) as caught:
        rtsp_url(url)
    assert (caught.value.status, caught.value.detail) == (400, sentence)


@pytest.mark.parametrize("many", ["/", "?/", "trackID=a", "trackID=", "?trackID=0/", "/trackID=0"])
def test_a_long_url_takes_as_long_as_it_is(many: str) -> None:
    found = rtsp_url("rtsp://host/porch" + many * (30_000 // len(many)) + "x!")  # each was 5 s for one of its parts
    assert found.track is None and found.camera.startswith("porch")
