"""The OpenAPI document, compared with the responses of the server."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from cameras import (
    PREDICTIONS,
    BoundingBox,
    Caption,
    Classification,
    Detection,
    Item,
    Keypoint,
    Keypoints,
    Prediction,
    Segmentation,
)
from pipeline import Feed
from server.http.access import PUBLIC_PATHS, PUBLIC_POSTS
from server.http.messages import PROBLEM_TYPE
from server.http.openapi import _complete_kinds
from tests.fakes import FakeVision, frame

from ..conftest import check_threads, threads_now
from ..served import CAMERAS, Served, encoded

TOKEN = "correct-horse-battery"
KINDS = ("classifications", "detections", "segmentations", "captions", "keypoints")
FULL = np.full((48, 64), 255, np.uint8)
BOX = BoundingBox(0.0, 0.0, 0.5, 1.0)
CLARIFAI = "/v2/users/{user}/apps/{app}/models/{model}/versions/{version}/outputs"
Json = dict[str, Any]

LISTS_OF_PROBLEMS = {"/api/configuration/save", "/api/configuration/text", "/api/reload"}
"""Endpoints that answer 422 with the problems of a configuration."""


def everything() -> FakeVision:
    """Return a service with predictions of every kind."""
    service = FakeVision(
        "everything",
        classifications=[Classification("star", 0.75)],
        detections=[
            Detection("mug", 0.8, box=BOX),
            Detection("mug", 0.7, box=BOX, track_id=3),
            Detection("mug", 0.6, box=BOX, polygon=((0.0, 0.0), (0.5, 0.5), (0.0, 1.0)), mask=FULL),
        ],
        segmentations=[Segmentation("water", 0.9, mask=FULL)],
        captions=[Caption("a mug", 0.5)],
        keypoints=[Keypoints("mug", 0.8, points=(Keypoint("rim", 0.5, 0.5, 0.9),) * 2, skeleton=((0, 1),))],
    )
    service.kinds = frozenset(KINDS)
    return service


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    text = CAMERAS + f"server: {{tokens: [{TOKEN}]}}\n"
    with Served(tmp_path_factory.mktemp("described"), text, (everything(),)) as running:
        running.client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield running
    check_threads(before)


@pytest.fixture(scope="module")
def document(served: Served) -> Json:
    found: Json = served.client.get("/openapi.json").json()
    return found


def closed(schema: Any) -> Any:
    """Return a schema that allows no other members than it names."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if "properties" in schema else inner


def check(document: Json, response: httpx.Response) -> Any:
    """Return the JSON of a response after checking every member against the document."""
    path = response.request.url.path
    forms = [form for form in document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", form), path)]
    operation = document["paths"][forms[0]][response.request.method.lower()]
    content = operation["responses"][str(response.status_code)]["content"]
    schema = closed(content[response.headers["content-type"]]["schema"])
    found = response.json()
    jsonschema.validate(found, {**schema, "components": closed(document["components"])})
    return found


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_endpoint_is_described(document: Json) -> None:
    assert set(document["paths"]) == {
        "/api/cameras",
        "/api/cameras/{name}",
        "/api/cameras/{name}/stream.flv",
        "/api/cameras/{name}/predictions",
        "/api/cameras/{name}/stream.mjpg",
        "/api/cameras/{name}/stream.mp4",
        "/api/cameras/{name}/image",
        "/api/cameras/{name}/transforms/{number}",
        "/api/check",
        "/api/configuration",
        "/api/configuration/save",
        "/api/configuration/text",
        "/api/reload",
        "/api/devices",
        "/api/drafts",
        "/api/drafts/{id}",
        "/api/drafts/{id}/image",
        "/api/vision",
        "/api/vision/{service}/{kind}",
        "/whep/{camera}",
        "/whep/{camera}/{session}",
        "/api/clock",
        "/healthz",
        "/metrics",
        "/readyz",
        "/schema.json",
        "/sign-in",
        "/sign-out",
        "/api/link",
        CLARIFAI,
    }
    for method, path, operation in operations(document):
        assert operation["description"], f"{method} {path} has no description"
        for status, response in operation["responses"].items():
            assert response["description"], f"{method} {path} {status}"
            if int(status) >= 400 and path != CLARIFAI:
                is_list = status == "422" and path in LISTS_OF_PROBLEMS
                wanted = "application/json" if is_list else PROBLEM_TYPE
                assert list(response["content"]) == [wanted], f"{method} {path} {status}"


def test_the_description_names_clarifais_shorter_addresses(document: Json) -> None:
    description = document["paths"][CLARIFAI]["post"]["description"]
    for path in (
        "/v2/users/{user}/apps/{app}/models/{model}/outputs",
        "/v2/models/{model}/versions/{version}/outputs",
        "/v2/models/{model}/outputs",
    ):
        assert f"``{path}``" in description


def test_the_document_says_where_a_token_is_required(document: Json, served: Served) -> None:
    assert document["components"]["securitySchemes"]["token"] | {"description": ""} == {
        "type": "http",
        "scheme": "bearer",
        "description": "",
    }
    assert document["security"] == [{"token": []}, {"basic": []}]
    for method, path, operation in operations(document):
        assert "403" in operation["responses"]
        if path in PUBLIC_POSTS:
            assert operation["security"] == [], path
            continue
        needs_token = path not in PUBLIC_PATHS and method != "options"
        assert ({"401", "429"} <= set(operation["responses"])) is needs_token, f"{method} {path}"
        assert ("security" not in operation) is needs_token, f"{method} {path}"
        response = httpx.request(method, served.running.url + path[1:], timeout=20, trust_env=False)
        assert (response.status_code == 401) is needs_token, f"{method} {path}"


def test_without_tokens_none_is_required(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Served(tmp_path_factory.mktemp("open")) as fresh:
        found = fresh.client.get("/openapi.json").json()
    assert found["security"] == [{}, {"token": []}, {"basic": []}]


def test_the_state_of_cameras_matches_its_schema(
    served: Served, document: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(document, served.client.get("/api/cameras"))
    location = served.client.post(
        "/whep/seen", content=asyncio.run(offer()), headers={"Content-Type": "application/sdp"}
    ).headers["location"]
    service = everything()
    seen = [*service.classified, *service.detected, *service.segmented, *service.captioned, *service.pointed]
    shown = frame(width=64, height=48).with_annotations([item.attached_by("detections", "eyes") for item in seen])
    monkeypatch.setattr(Feed, "latest", property(lambda camera: shown))
    camera = check(document, served.client.get("/api/cameras/seen"))
    assert camera["sessions"] and camera["encoders"] and camera["transforms"]
    assert {found["kind"] for found in camera["latest"]["predictions"]} == {kind[:-1] for kind in KINDS}
    check(document, served.client.get("/api/cameras/unknown"))
    assert served.client.delete(location).status_code == 200


async def offer() -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    sdp: str = connection.localDescription.sdp
    await connection.close()
    return sdp


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_match_their_schema(served: Served, document: Json, kind: str) -> None:
    path = f"/api/vision/everything/{kind}"
    assert check(document, served.client.post(path, content=encoded()))[kind]
    files = [("f", ("a.png", encoded())), ("f", ("b.png", b"no picture"))]
    assert len(check(document, served.client.post(path, files=files))["results"]) == 2
    assert "image" in check(document, served.client.get(path, params={"camera": "still", "return_image": "true"}))
    for content in (b"no picture", b"", encoded()[:60]):
        check(document, served.client.post(path, content=content))


def test_other_responses_match_their_schema(served: Served, document: Json) -> None:
    for path in ("/api/clock", "/api/vision", "/healthz", "/readyz", "/schema.json"):
        assert served.client.get(path).status_code == 200
        check(document, served.client.get(path))
    check(document, served.client.get("/api/cameras", headers={"Authorization": "Bearer none-of-them"}))
    check(document, served.client.get("/api/cameras", headers={"Host": "evil.example"}))


def test_the_reply_for_an_unchanged_picture_is_described(served: Served, document: Json) -> None:
    path = "/api/cameras/still/image"
    etag = served.client.get(path).headers["etag"]
    status = served.client.get(path, headers={"If-None-Match": etag}).status_code
    described = document["paths"]["/api/cameras/{name}/image"]["get"]["responses"]
    assert "content" not in described[str(status)]
    assert {"image/jpeg", "image/png"} == described["200"]["content"].keys()


def test_a_kind_with_the_class_names_of_another_keeps_schemas_of_its_own() -> None:
    class DetectionItem(Item):
        """The item of a foreign kind."""

        decibels: float

    foreign: type[Prediction] = type(
        "Detection", (Prediction,), {"plural": "sounds", "kind": "sound", "item": DetectionItem}
    )
    common = {"properties": {}, "required": [], "description": "latest"}
    frame_schema: Json = {"properties": {"predictions": {}}}
    schemas: Json = {"PredictionReply": {"properties": {}}, "LatestPrediction": common, "LatestFrame": frame_schema}
    document: Json = {"paths": {}, "components": {"schemas": schemas}}
    _complete_kinds(document, {"detections": PREDICTIONS["detections"], "sounds": foreign})
    found = document["components"]["schemas"]
    assert "x_min" in found["DetectionItem"]["properties"]
    assert "decibels" in found["sounds.DetectionItem"]["properties"]
    assert found["PredictionReply"]["properties"]["sounds"]["items"] == {
        "$ref": "#/components/schemas/sounds.DetectionItem"
    }
    assert [
        each["$ref"].rsplit("/", 1)[1] for each in found["LatestFrame"]["properties"]["predictions"]["items"]["anyOf"]
    ] == [
        "LatestDetection",
        "sounds.LatestDetection",
    ]
