"""A token that is limited to some cameras: no answer names another camera, or what only that uses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grpclib import GRPCError, Status
from grpclib.client import Channel
from viam.proto.common import DoCommandRequest, GetStatusRequest
from viam.proto.component.camera import CameraServiceStub, GetImagesRequest
from viam.proto.robot import GetMachineStatusRequest, ResourceNamesRequest, RobotServiceStub
from viam.proto.service.mlmodel import InferRequest, MetadataRequest, MLModelServiceStub
from viam.proto.service.vision import (
    CaptureAllFromCameraRequest,
    GetDetectionsFromCameraRequest,
    GetDetectionsRequest,
    GetPropertiesRequest,
    VisionServiceStub,
)

from streams import EXITS

from ...offers import OFFER
from ..conftest import check_threads, threads_now
from ..http.test_access_with_tokens import flat
from ..served import Served, encoded

MODELS = Path(__file__).parents[3] / "configs" / "models"
RED = '{detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1'
MODEL = f"{{model_path: {MODELS}/shapes_detector.tflite, label_path: {MODELS}/shapes.txt}}"
SECRET = "hidden"  # part of every name that the limited tokens must not see
TEXT = f"""
cameras:
  - {{name: still, model: image_file, attributes: {{path: still.png, frame_rate: 50}}}}
  - {{name: hidden-source, model: image_file, attributes: {{path: still.png, frame_rate: 50}}}}
  - {{name: hidden-gone, model: image_file, attributes: {{path: hidden.png}}}}
  - name: hidden-seen
    model: transform
    attributes: {{source: still, pipeline: [{{type: detections, attributes: {{detector_name: hidden-things}}}}]}}
  - name: open
    model: transform
    attributes: {{source: hidden-source, pipeline: [{{type: detections, attributes: {{detector_name: red}}}}]}}
  - {{name: lost, model: transform, attributes: {{source: hidden-gone, pipeline: [{{type: identity}}]}}}}
  - {{name: later, model: transform, attributes: {{source: lost, pipeline: [{{type: identity}}]}}}}
services:
  - {{name: red, type: vision, model: color_detector, attributes: {RED}, camera_name: hidden-source}}}}
  - {{name: own, type: vision, model: color_detector, attributes: {RED}, camera_name: open}}}}
  - {{name: spare, type: vision, model: color_detector, attributes: {RED}}}}}
  - {{name: hidden-own, type: vision, model: color_detector, attributes: {RED}, camera_name: hidden-seen}}}}
  - {{name: hidden-model, type: mlmodel, model: tflite_cpu, attributes: {MODEL}}}
  - {{name: hidden-things, type: vision, model: mlmodel, attributes: {{mlmodel_name: hidden-model}}}}
  - {{name: spare-model, type: mlmodel, model: tflite_cpu, attributes: {MODEL}}}
server:
  viam: {{port: 0}}
  tokens:
    - all-of-it-all-of-it
    - {{name: viewer, token: viewer-viewer-viewer, rights: [view], cameras: [still, open, lost, later]}}
    - {{name: maker, token: maker-maker-maker, rights: [view, predict], cameras: [still, open, lost, later]}}
"""
VIEWER, MAKER, ALL = "viewer-viewer-viewer", "maker-maker-maker", "all-of-it-all-of-it"
LIMITED = [VIEWER, MAKER]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    folder = tmp_path_factory.mktemp("visibility")
    (folder / "hidden.png").touch()
    with Served(folder, TEXT) as running:
        (folder / "hidden.png").unlink()
        for name in ("open", "later"):  # which gives the first a picture with annotations, and the other its error
            running.client.get(f"/api/cameras/{name}/image", headers=bearer(ALL))
        yield running
    check_threads(before)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def names(served: Served, path: str, token: str) -> list[str]:
    return [entry["name"] for entry in served.client.get(path, headers=bearer(token)).json()]


def test_the_lists_have_what_the_cameras_of_the_token_use(served: Served) -> None:
    for token in LIMITED:
        assert names(served, "/api/cameras", token) == ["still", "open", "lost", "later"]
    assert names(served, "/api/vision", VIEWER) == ["red", "own"]
    assert names(served, "/api/vision", MAKER) == ["red", "own", "spare"]
    assert names(served, "/api/vision", ALL) == ["red", "own", "spare", "hidden-own", "hidden-things"]


def test_the_source_and_its_error_are_left_out(served: Served) -> None:
    listed = served.client.get("/api/cameras", headers=bearer(VIEWER)).json()
    found = {camera["name"]: (camera["source"], camera["error"]) for camera in listed}
    assert found["open"] == (None, None)
    assert found["lost"] == (None, "its source has an error")
    assert found["later"] == ("lost", "source lost: its source has an error")
    listed = served.client.get("/api/cameras", headers=bearer(ALL)).json()
    errors = {camera["name"]: camera["error"] for camera in listed}
    assert errors["later"].startswith("source lost: source hidden-gone: ")


@pytest.mark.parametrize("token", LIMITED)
def test_no_get_of_any_route_names_what_is_hidden(served: Served, token: str) -> None:
    asked = set()
    for route in flat(served.running.http.app.routes):
        if "GET" not in (route.methods or ()):
            continue
        for camera in ("still", "open", "lost", "later"):
            for service in ("red", "own", "spare"):
                values = {"camera": camera, "name:path": "page.js", "service": service, "kind": "detections"}
                path = route.path
                for key, value in {**values, "name": camera, "session": "x"}.items():
                    path = path.replace(f"{{{key}}}", value)
                if path in asked:
                    continue
                asked.add(path)
                if path.rpartition("/")[2] in {exit.path for exit in EXITS.values()}:
                    with served.client.stream("GET", path, headers=bearer(token)) as live:
                        assert live.status_code in (200, 503), path
                        assert SECRET not in str(live.headers)
                        assert live.status_code == 200 or SECRET not in live.read().decode()
                    continue
                answer = served.client.get(path, headers=bearer(token))
                assert answer.status_code < 500 or answer.status_code == 503, path
                shown = f"{answer.headers} {answer.text if 'image/' not in answer.headers['content-type'] else ''}"
                assert SECRET not in without_our_words(shown), path
    assert {"/api/cameras", "/api/vision", "/metrics", "/api/vision/red/detections", "/openapi.json"} <= asked


def without_our_words(text: str) -> str:
    """Return the text of pages, scripts and documents without the word where it is no name."""
    return text if "hidden-" in text else text.replace(SECRET, "")


@pytest.mark.parametrize("token", LIMITED)
def test_what_is_hidden_is_refused_as_what_does_not_exist(served: Served, token: str) -> None:
    picture, headers = encoded(), bearer(token)

    def answers(name: str) -> list[tuple[int, str]]:
        client = served.client
        offer = {**headers, "Content-Type": "application/sdp"}
        found = [
            client.get(f"/api/cameras/{name}", headers=headers),
            client.get(f"/api/cameras/{name}/image", headers=headers),
            client.post(f"/whep/{name}", headers=offer, content=OFFER),
            client.get(f"/watch/{name}", headers=headers),
            client.post(f"/api/vision/{name}/detections", headers=headers, content=picture),
            client.get(f"/api/vision/{name}/detections", headers=headers, params={"camera": "open"}),
            client.get("/api/vision/red/detections", headers=headers, params={"camera": name}),
            client.post(f"/v2/models/{name}/outputs", headers=headers, json={"inputs": [{"data": {}}]}),
        ]
        return [(each.status_code, re_id(each.text).replace(name, "NAME")) for each in found]

    unknown = answers("nowhere")
    assert {status for status, _ in unknown} == {403, 200}
    for name in ("hidden-seen", "hidden-gone", "hidden-own", "hidden-things", "hidden-model"):
        assert answers(name) == unknown, name


def re_id(text: str) -> str:
    """Return the text of an answer without the number that Clarifai's answers have."""
    before, found, after = text.partition('"req_id":"')
    return before + after.partition('"')[2] if found else text


@pytest.mark.parametrize("token", LIMITED)
def test_a_service_without_a_camera_that_the_token_allows_has_none(served: Served, token: str) -> None:
    answer = served.client.get("/api/vision/red/detections", headers=bearer(token))
    assert SECRET not in answer.text
    assert answer.status_code == (403 if token == VIEWER else 422)
    if token == MAKER:
        found = served.client.get("/api/vision/own/detections", headers=bearer(token))
        assert (found.status_code, found.json()["camera"]) == (200, "open")


@pytest.mark.parametrize("token", LIMITED)
def test_no_call_of_viams_clients_gets_a_hidden_name(served: Served, token: str) -> None:
    async def main() -> dict[str, str]:
        (listener,) = served.running.listeners
        channel = Channel("127.0.0.1", listener.port)
        robot, cameras = RobotServiceStub(channel), CameraServiceStub(channel)
        vision, models = VisionServiceStub(channel), MLModelServiceStub(channel)
        picture = encoded()
        calls: list[tuple[Any, Any]] = [
            (robot.ResourceNames, ResourceNamesRequest()),
            (robot.GetMachineStatus, GetMachineStatusRequest()),
            *((cameras.GetStatus, GetStatusRequest(name=name)) for name in ("open", "lost", "later")),
            *((cameras.GetImages, GetImagesRequest(name=name)) for name in ("open", "lost", "hidden-gone")),
            *((models.Metadata, MetadataRequest(name=name)) for name in ("hidden-model", "spare-model", "nowhere")),
            (models.Infer, InferRequest(name="hidden-model")),
        ]
        for name in ("red", "own", "spare", "hidden-own", "hidden-things", "nowhere"):
            calls += [
                (vision.GetProperties, GetPropertiesRequest(name=name)),
                (vision.GetStatus, GetStatusRequest(name=name)),
                (vision.GetDetections, GetDetectionsRequest(name=name, image=picture, mime_type="image/png")),
                (vision.GetDetectionsFromCamera, GetDetectionsFromCameraRequest(name=name)),
                (vision.CaptureAllFromCamera, CaptureAllFromCameraRequest(name=name, return_detections=True)),
                (vision.DoCommand, DoCommandRequest(name=name)),
            ]
        said = {}
        try:
            for number, (call, request) in enumerate(calls):
                asked_for = getattr(request, "name", "")
                try:
                    answer = str(await call(request, metadata={"authorization": f"Bearer {token}"}))
                except GRPCError as error:
                    assert error.status is not Status.INTERNAL
                    answer = f"{error.status.name} {error.message}"
                said[f"{number} {type(request).__name__} {asked_for}"] = answer.replace(asked_for or "\0", "NAME")
        finally:
            channel.close()
        return said

    said = asyncio.run(main())
    assert [call for call, answer in said.items() if SECRET in answer] == []
    resources = next(answer for call, answer in said.items() if "ResourceNames" in call)
    assert ("spare-model" in resources, '"red"' in resources) == (token == MAKER, True)
    for call, answer in said.items():
        if " hidden" in call or " nowhere" in call:
            assert answer.startswith("PERMISSION_DENIED"), (call, answer)
