"""The state of cameras, and their pictures."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from server.core import frames
from server.http.messages import CameraInfo

from ...served import CAMERAS, FOUND, Served, problem, still


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.2)
    yield


def picture(data: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image.astype(np.uint8, copy=False)


def test_the_cameras_are_a_bare_list_in_which_sources_come_first(served: Served) -> None:
    cameras = served.client.get("/api/cameras").json()
    assert [camera["name"] for camera in cameras] == ["still", "seen", "secret", "gone"]
    TypeAdapter(list[CameraInfo]).validate_python(cameras, strict=True)
    source, line = cameras[0], cameras[1]
    assert (source["model"], source["source"]) == ("image_file", None)
    assert (line["model"], line["source"]) == ("transform", "still")
    assert [transform["type"] for transform in line["transforms"]] == ["resize"]


def test_the_size_of_an_idle_camera_is_unknown(tmp_path: Path) -> None:
    with Served(tmp_path) as fresh:
        camera = fresh.client.get("/api/cameras/still").json()
    assert camera["state"] == "idle"
    assert [camera[key] for key in ("error", "width_px", "height_px", "frame_rate", "latest")] == [None] * 5
    assert (camera["viewers"], camera["sessions"], camera["encoders"]) == (0, [], [])
    assert camera["counters"] == {
        "decoded": 0,
        "frames_in": 0,
        "frames_out": 0,
        "dropped": 0,
        "shed": 0,
        "painted": 0,
        "encoded": 0,
        "errors": 0,
        "inferences": {},
    }


def test_the_list_of_cameras_opens_none(tmp_path: Path) -> None:
    with Served(tmp_path) as fresh:
        for _ in range(3):
            fresh.client.get("/api/cameras")
        assert {camera["state"] for camera in fresh.client.get("/api/cameras").json()} == {"idle"}


def test_a_private_camera_is_listed_without_its_picture(served: Served) -> None:
    camera = served.client.get("/api/cameras/secret").json()
    assert (camera["private"], camera["latest"]) == (True, None)
    assert problem(served.client.get("/api/cameras/secret/image")) == (404, "there is no camera 'secret'")


@pytest.mark.parametrize("path", ["/api/cameras/unknown", "/api/cameras/unknown/image"])
def test_an_unknown_camera_is_not_found(served: Served, path: str) -> None:
    assert problem(served.client.get(path)) == (404, "there is no camera 'unknown'")


def test_an_invalid_name_is_not_found(served: Served) -> None:
    assert problem(served.client.get("/api/cameras/%0d%0aX: y")) == (404, r"there is no camera '\r\nX: y'")
    assert problem(served.client.get("/api/cameras/a%2fb"))[0] == 404
    assert problem(served.client.get("/api/cameras/%ff"))[0] == 404


@pytest.mark.parametrize("accept", [None, "*/*", "image/*", "image/jpeg", "text/html", "image/png;q=0.5, image/jpeg"])
def test_the_picture_is_a_jpeg_without_metadata(served: Served, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    response = served.client.get("/api/cameras/still/image", headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/jpeg"
    assert b"Exif" not in response.content
    assert np.abs(picture(response.content)[5:20, 5:60].astype(int) - (0, 0, 255)).max() < 12


@pytest.mark.parametrize("accept", ["image/png", "image/png, */*;q=0.8", "image/jpeg;q=0.1, image/png"])
def test_the_picture_is_a_png_if_accept_prefers_it(served: Served, accept: str) -> None:
    response = served.client.get("/api/cameras/still/image", headers={"Accept": accept})
    assert response.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(picture(response.content), still())


def test_annotations_are_painted_unless_refused(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS + FOUND) as fresh:
        painted, clean = (
            picture(fresh.client.get(f"/api/cameras/found/image{query}", headers={"Accept": "image/png"}).content)
            for query in ("", "?annotations=false")
        )
    np.testing.assert_array_equal(clean, still())
    assert np.abs(painted.astype(int) - clean).max() > 100, "with the box of the red half"


def test_headers_have_the_capture_time_and_sequence_number(served: Served) -> None:
    headers = served.client.get("/api/cameras/seen/image").headers
    assert headers["cache-control"] == "no-store"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", headers["x-captured-at"])
    assert headers["x-sequence"].isdecimal()
    assert re.fullmatch(r'"[0-9a-f]+"', headers["etag"])


def test_an_unchanged_picture_is_not_sent_again(served: Served) -> None:
    first = served.client.get("/api/cameras/still/image")
    second = served.client.get("/api/cameras/still/image", headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]


def test_head_equals_get_without_the_picture(served: Served) -> None:
    response = served.client.head("/api/cameras/still/image")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "image/jpeg"


def test_the_error_explains_why_a_camera_gives_no_frame(served: Served, impatient: None) -> None:
    response = served.client.get("/api/cameras/gone/image")
    status, detail = problem(response)
    assert status == 503
    assert detail.startswith("camera gone gave no frame within 0.2 s")
    assert response.headers["retry-after"] == "5"


def test_the_error_names_an_invalid_parameter(served: Served) -> None:
    response = served.client.get("/api/cameras/still/image?annotations=perhaps")
    status, detail = problem(response)
    assert status == 422
    assert detail == "annotations: input should be a valid boolean, unable to interpret input"


def test_other_methods_are_not_allowed(served: Served) -> None:
    response = served.client.post("/api/cameras/still")
    assert problem(response) == (405, "POST is not allowed here, only GET, HEAD")
    assert response.headers["allow"] == "GET, HEAD"
    assert served.client.head("/api/cameras/still").status_code == 200


def test_the_error_of_a_camera_names_its_file_but_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.5)
    with Served(tmp_path, CAMERAS) as fresh:
        (tmp_path / "still.png").unlink()
        _, detail = problem(fresh.client.get("/api/cameras/still/image"))
        assert "still.png" in detail
        assert str(tmp_path) not in detail
        assert str(tmp_path) not in fresh.client.get("/api/cameras").text


def test_the_picture_held_is_given_without_opening_the_camera(tmp_path: Path) -> None:
    config = CAMERAS.replace("name: still, ", "name: still, linger_s: 0, ")
    with Served(tmp_path, config) as fresh:
        for name in ("still", "gone"):
            response = fresh.client.get(f"/api/cameras/{name}/image?open=false")
            assert (response.status_code, response.content) == (204, b"")
        assert fresh.client.get("/api/cameras/still").json()["counters"]["decoded"] == 0
        opened = fresh.client.get("/api/cameras/still/image")
        while fresh.client.get("/api/cameras/still").json()["state"] != "idle":
            pass
        decoded = fresh.client.get("/api/cameras/still").json()["counters"]["decoded"]
        held = fresh.client.get("/api/cameras/still/image?open=false")
        again = fresh.client.get("/api/cameras/still/image?open=false", headers={"Accept": "image/png"})
        assert held.headers["x-sequence"] == again.headers["x-sequence"]
        assert held.headers["x-captured-at"] >= opened.headers["x-captured-at"]
        for response in (held, again):
            assert np.abs(picture(response.content)[..., :3].astype(int) - still()).mean() < 8
        assert again.headers["content-type"] == "image/png"
        assert fresh.client.get("/api/cameras/still").json()["counters"]["decoded"] == decoded
        assert fresh.client.get("/api/cameras/still").json()["state"] == "idle"
        assert problem(fresh.client.get("/api/cameras/secret/image?open=false"))[0] == 404
