"""Predictions for pictures in the request, and for cameras."""

import base64
import errno
import random
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from pipeline import LimitsConfig
from server.core import frames
from server.http.messages import PredictionReply
from tests.fakes import CountingVision, FakeVision
from vision import ModelError

from ...conftest import LABELS, detector
from ...served import Served, encoded, limited, problem

NAMES, BOXES = "/api/vision/names/classifications", "/api/vision/boxes/detections"


def labels(response: httpx.Response, kind: str) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["class_name"] for item in response.json()[kind]]


def test_services_are_listed_with_their_kinds_and_labels(served: Served) -> None:
    assert served.client.get("/api/vision").json() == [
        {"name": "names", "model": "fake", "kinds": ["classifications"], "labels": list(LABELS)},
        {"name": "boxes", "model": "fake", "kinds": ["detections"], "labels": []},
    ]


def test_a_picture_is_classified(served: Served) -> None:
    reply = served.client.post(NAMES, content=encoded()).json()
    PredictionReply.model_validate(reply)
    assert (reply["service"], reply["width_px"], reply["height_px"]) == ("names", 64, 48)
    assert reply["classifications"][0] == {"class_name": "star", "confidence": 0.7}


def test_boxes_are_in_pixels_and_in_fractions(served: Served) -> None:
    reply = served.client.post(BOXES, content=encoded(".jpg"), headers={"Content-Type": "image/jpeg"}).json()
    assert reply["detections"][0] == {
        "class_name": "mug",
        "confidence": 0.8,
        "x_min": 0,
        "y_min": 0,
        "x_max": 32,
        "y_max": 48,
        "x_min_normalized": 0.0,
        "y_min_normalized": 0.0,
        "x_max_normalized": 0.5,
        "y_max_normalized": 1.0,
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 5), ("?n=0", 7), ("?n=2", 2), ("?n=99999999999999999999", 7), ("?confidence_threshold=0.5&n=0", 3)],
)
def test_only_the_best_classifications_are_given(served: Served, query: str, count: int) -> None:
    assert labels(served.client.post(NAMES + query, content=encoded()), "classifications") == list(LABELS[:count])


@pytest.mark.parametrize(
    ("query", "found"),
    [("", ["mug", "star"]), ("?n=1", ["mug"]), ("?confidence_threshold=0.8", ["mug"]), ("?confidence_threshold=1", [])],
)
def test_detections_are_not_limited_by_default(served: Served, query: str, found: list[str]) -> None:
    assert labels(served.client.post(BOXES + query, content=encoded()), "detections") == found


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff", ".gif"])
@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-www-form-urlencoded", "text/plain", None])
def test_the_bytes_decide_the_format(served: Served, suffix: str, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    response = served.client.post(NAMES, content=encoded(suffix), headers=headers)
    assert (response.json()["width_px"], response.json()["height_px"]) == (64, 48)


def turned() -> bytes:
    """Return a JPEG with an EXIF orientation of 90 degrees."""
    jpeg = encoded(".jpg")
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


@pytest.mark.parametrize(("query", "size"), [("", (48, 64)), ("?exif=true", (48, 64)), ("?exif=false", (64, 48))])
def test_the_exif_orientation_is_applied_unless_disabled(served: Served, query: str, size: tuple[int, int]) -> None:
    reply = served.client.post(NAMES + query, content=turned()).json()
    assert (reply["width_px"], reply["height_px"]) == size


def test_a_form_with_one_part_gets_the_reply_of_a_body(served: Served) -> None:
    reply = served.client.post(NAMES, files={"picture": ("a.png", encoded())}).json()
    assert reply["classifications"][0]["class_name"] == "star"


def test_every_part_has_its_result_or_problem_in_order(served: Served) -> None:
    files = [("f", ("a", encoded())), ("f", ("b", b"no picture")), ("g", ("c", encoded(".jpg")[:-30]))]
    response = served.client.post(NAMES, files=[*files, ("f", ("d", encoded(".jpg")))], data={"note": "not a file"})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result.get("status", 200) for result in results] == [200, 415, 422, 200]
    assert results[1] == {
        "type": "about:blank",
        "title": "Unsupported Media Type",
        "status": 415,
        "detail": "not a picture: must be JPEG, PNG, WebP, GIF, TIFF or BMP",
    }


def test_too_many_parts_are_refused(served: Served) -> None:
    files = [("f", (str(number), b"x")) for number in range(129)]
    assert problem(served.client.post(NAMES, files=files)) == (400, "the form has more than 128 parts")
    assert served.client.post(NAMES, files=files[:128]).status_code == 200


def test_a_form_is_refused_while_the_disk_is_full(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: object, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile.write", full)
    response = served.client.post(NAMES, files=[("a", ("a.jpg", b"bytes"))])
    assert problem(response) == (503, "the server has no disk space for the form")
    assert response.headers["retry-after"] == "1"
    assert caplog.messages == ["a form could not be stored: [Errno 28] No space left on device"]


@pytest.mark.parametrize("missing", [1, 50])
def test_an_incomplete_form_is_refused(served: Served, missing: int) -> None:
    parts = b"".join(
        b'--Q\r\nContent-Disposition: form-data; name="a"; filename="a.jpg"\r\n\r\n' + encoded() + b"\r\n"
        for _ in range(2)
    )
    whole = {"content": parts + b"--Q--", "headers": {"Content-Type": "multipart/form-data; boundary=Q"}}
    assert len(served.client.post(NAMES, **whole).json()["results"]) == 2  # type: ignore[arg-type]
    cut = whole | {"content": (parts + b"--Q--")[:-missing]}
    assert problem(served.client.post(NAMES, **cut)) == (  # type: ignore[arg-type]
        422,
        "the form cannot be read: it ends before its last boundary",
    )


def test_a_form_without_a_file_is_refused(served: Served) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    response = served.client.post(NAMES, content=form, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert problem(response) == (422, "the form has no file; every picture is a file part")


@pytest.mark.parametrize(
    ("content", "boundary"),
    [(b"", ""), (b"no form", "; boundary=x"), (b"--x\r\n", "; boundary=x"), (b"--x\r\n\r\n\r\n--x--", "; boundary=x")],
)
def test_a_malformed_form_is_refused(served: Served, content: bytes, boundary: str) -> None:
    response = served.client.post(NAMES, content=content, headers={"Content-Type": f"multipart/form-data{boundary}"})
    assert problem(response)[0] == 422


def bomb() -> bytes:
    """Return a PNG of a few bytes whose header declares 10000 x 10000 pixels."""
    png = encoded()
    return png[:16] + (10_000).to_bytes(4, "big") * 2 + png[24:]


@pytest.mark.parametrize(
    ("content", "status", "detail"),
    [
        (b"", 415, "the picture is empty"),
        (b'{"a": 1}', 415, "not a picture: must be JPEG, PNG, WebP, GIF, TIFF or BMP"),
        (encoded()[:40], 422, "the PNG picture is damaged or incomplete"),
        (encoded(".jpg")[:-40], 422, "the JPEG picture is damaged or incomplete"),
        (bomb(), 413, "too large: 10000 x 10000 pixels, at most 85000000 are allowed"),
    ],
)
def test_invalid_pictures_are_refused(served: Served, content: bytes, status: int, detail: str) -> None:
    assert problem(served.client.post(NAMES, content=content)) == (status, detail)


@pytest.mark.parametrize("chunked", [False, True])
def test_too_many_bytes_are_refused(served: Served, chunked: bool) -> None:
    content = bytes(LimitsConfig().picture_bytes + 1)
    response = served.client.post(NAMES, content=iter([content]) if chunked else content)
    assert problem(response) == (413, "a picture must be under 20 MB")


def test_a_part_of_too_many_bytes_fails_alone(served: Served) -> None:
    files = [("f", ("a", bytes(1_000_001))), ("f", ("b", encoded()))]
    with limited(served, picture_bytes=1_000_000):
        results = served.client.post(NAMES, files=files).json()["results"]
    assert [result.get("detail", "good") for result in results] == ["a picture must be under 1 MB", "good"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("n=-1", "n: input should be greater than or equal to 0"),
        ("n=two", "n: input should be a valid integer, unable to parse string as an integer"),
        ("confidence_threshold=1.5", "confidence_threshold: input should be less than or equal to 1"),
        ("confidence_threshold=nan", "confidence_threshold: input should be a finite number"),
        ("exif=maybe", "exif: input should be a valid boolean, unable to interpret input"),
    ],
)
def test_the_error_names_an_invalid_parameter(served: Served, query: str, detail: str) -> None:
    assert problem(served.client.post(f"{NAMES}?{query}", content=encoded())) == (422, detail)


@pytest.mark.parametrize("kind", ["classifications", "detections", "segmentations", "captions", "keypoints"])
def test_an_unknown_service_is_not_found_for_any_kind(served: Served, kind: str) -> None:
    path = f"/api/vision/unknown/{kind}"
    assert problem(served.client.post(path, content=encoded())) == (404, "there is no vision service 'unknown'")
    assert problem(served.client.get(path, params={"camera": "still"}))[0] == 404


@pytest.mark.parametrize("kind", ["detections", "segmentations", "captions", "keypoints"])
def test_the_refusal_of_an_unsupported_kind_is_explained(served: Served, kind: str) -> None:
    wanted = (400, f"vision service names gives classifications, not {kind}")
    assert problem(served.client.post(f"/api/vision/names/{kind}", content=encoded())) == wanted
    assert problem(served.client.get(f"/api/vision/names/{kind}", params={"camera": "still"})) == wanted


def test_an_unknown_kind_is_not_found(served: Served) -> None:
    assert problem(served.client.post("/api/vision/names/poems", content=encoded()))[0] == 404


def test_predictions_for_the_next_frame_of_a_camera(served: Served) -> None:
    reply = served.client.get(BOXES, params={"camera": "seen"}).json()
    assert (reply["camera"], reply["width_px"], reply["height_px"]) == ("seen", 32, 24)
    assert reply["captured_at"].endswith("Z")
    assert reply["pts_s"] >= 0
    assert isinstance(reply["sequence"], int)
    assert reply["detections"][0]["x_max"] == 16
    assert "image" not in reply


def test_the_frame_is_returned_on_request(served: Served) -> None:
    reply = served.client.get(NAMES, params={"camera": "still", "return_image": True, "n": 1}).json()
    image = cv2.imdecode(np.frombuffer(base64.b64decode(reply["image"]), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None and image.shape == (48, 64, 3)
    assert len(reply["classifications"]) == 1


@pytest.mark.parametrize("name", ["unknown", "secret"])
def test_an_unknown_camera_is_not_found(served: Served, name: str) -> None:
    assert problem(served.client.get(BOXES, params={"camera": name})) == (404, f"there is no camera '{name}'")


def test_a_camera_is_required(served: Served) -> None:
    assert problem(served.client.get(BOXES)) == (422, "camera: field required")


def test_the_camera_of_the_service_is_the_default(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeVision, "default_camera", classmethod(lambda cls, attributes: "seen"))
    for params in ({}, {"camera": ""}):
        assert served.client.get(BOXES, params=params).json()["camera"] == "seen"
    assert served.client.get(BOXES, params={"camera": "still"}).json()["camera"] == "still"


def test_waiting_for_a_frame_has_a_time_limit(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.1)
    status, detail = problem(served.client.get(BOXES, params={"camera": "gone"}))
    assert status == 503 and detail.startswith("camera gone gave no frame within 0.1 s")


def test_a_model_that_cannot_be_loaded_is_unavailable_and_its_file_is_not_named(tmp_path: Path) -> None:
    broken = detector()
    broken.fails = ModelError("/srv/secret/model.tflite is damaged")
    with Served(tmp_path, services=(broken,)) as fresh:
        response = fresh.client.post(BOXES, content=encoded())
        assert problem(response) == (503, "vision service boxes cannot use its model; the server's log says why")
        assert response.headers["retry-after"] == "30"
        broken.fails = None
        assert fresh.client.post(BOXES, content=encoded()).status_code == 200


def test_a_model_that_fails_on_one_picture_works_on_others(tmp_path: Path) -> None:
    class Moody(FakeVision):
        def _classify(self, frame: Any) -> Any:
            if frame.width == 10:
                raise ModelError("not this one")
            return self.classified

    small = encoded(".png", np.zeros((10, 10, 3), np.uint8))
    with Served(tmp_path, services=(Moody("names"),)) as fresh:
        results = fresh.client.post(NAMES, files=[("f", ("a", small)), ("f", ("b", encoded()))]).json()["results"]
    assert [result.get("status", 200) for result in results] == [503, 200]


def test_a_model_stays_loaded_until_the_server_closes(tmp_path: Path) -> None:
    service = detector()
    with Served(tmp_path, services=(service,)) as fresh:
        assert not service.loaded
        fresh.client.post(BOXES, content=encoded())
        assert service.loaded
    assert not service.loaded


def test_random_bytes_do_not_affect_the_server(served: Served) -> None:
    random_ = random.Random(7)
    whole = [encoded(suffix) for suffix in (".png", ".jpg", ".webp", ".bmp", ".gif", ".tiff")]
    for number in range(150):
        data = bytearray(random_.choice(whole))
        for _ in range(random_.randint(1, 12)):
            data[random_.randrange(len(data))] = random_.randrange(256)
        response = served.client.post(BOXES, content=bytes(data[: random_.randint(1, len(data))]))
        assert response.status_code in (200, 413, 415, 422), (number, response.text)
    assert served.client.get("/healthz").json() == {"status": "ok"}


def test_a_stateful_service_has_a_state_per_camera_and_client(tmp_path: Path) -> None:
    path = "/api/vision/counting/classifications"
    with Served(tmp_path, services=(CountingVision(),)) as fresh:

        def said(reply: httpx.Response) -> str:
            return str(reply.json()["classifications"][0]["class_name"])

        of_still = [said(fresh.client.get(path, params={"camera": "still"})) for _ in range(2)]
        of_seen = said(fresh.client.get(path, params={"camera": "seen"}))
        sent = [said(fresh.client.post(path, content=encoded())) for _ in range(2)]
    assert (of_still, of_seen, sent) == (["1", "2"], "1", ["1", "2"])
