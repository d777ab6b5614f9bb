"""Clarifai's prediction call, over gRPC with its own client and as JSON: the same servicer answers both."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import cv2
import grpc
import httpx
import numpy as np
import PIL.Image
import pytest
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2
from pytest import approx

from cameras import BoundingBox, Caption, Classification, Detection, Frame, Segmentation, as_mask
from server.clarifai import grpc_server, rest
from server.clarifai.codes import Code
from server.core import (
    TRIES,
    DownloadFailed,
    DownloadTooLarge,
    ImageUrls,
    InvalidUrl,
    Unavailable,
    Unreachable,
    backend,
    limits,
)
from server.core.addresses import Address
from server.program import StartError
from tests.certificates import certificate
from tests.fakes import FakeVision
from vision import ModelError

from ..conftest import check_threads, classifier, detector, threads_now
from ..served import CAMERAS, Served, encoded, problem, still

SERVER = "server: {clarifai: {port: 0}}\n"
PAT = "correct-horse-battery"
PATHS = (
    "/v2/users/me/apps/own/models/names/versions/v1/outputs",
    "/v2/users/me/apps/own/models/names/outputs",
    "/v2/models/names/versions/v1/outputs",
    "/v2/models/names/outputs",
)


class Outlines(FakeVision):
    """Says that the upper half is sky and all of the rest ground but its last column."""

    def _segment(self, frame: Frame) -> tuple[Segmentation, ...]:
        sky, ground = np.zeros((6, 8), bool), np.zeros((6, 8), bool)
        sky[:3], ground[3:, :7] = True, True
        return (Segmentation("sky", 0.5, mask=as_mask(sky)), Segmentation("ground", 0.9, mask=as_mask(ground)))


class Teller(FakeVision):
    """Says how large the picture is."""

    def _caption(self, frame: Frame) -> tuple[Caption, ...]:
        if frame.width == 10:
            raise ModelError("/srv/secret/model.tflite cannot do this one")
        if frame.width == 11:
            raise RuntimeError("nobody foresaw this one")
        return (Caption(f"a picture of {frame.width} by {frame.height}", 0.7),)


def services() -> tuple[FakeVision, ...]:
    outlines, teller = Outlines("outlines"), Teller("teller")
    outlines.kinds, teller.kinds = frozenset({"segmentations"}), frozenset({"captions"})
    many = FakeVision("many", classifications=[Classification(f"thing {n}", (30 - n) / 40) for n in range(30)])
    many.kinds = frozenset({"classifications"})
    return classifier(), detector(), outlines, teller, many


@pytest.fixture(scope="module", autouse=True)
def poller() -> None:
    """Start the thread that gRPC keeps for all of a process; it wants a loop that runs."""

    async def start() -> None:
        grpc.aio.init_grpc_aio()

    asyncio.run(start())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("clarifai"), CAMERAS + SERVER, services()) as running:
        yield running
    check_threads(before)


class Client:
    """Clarifai's own client on a server's port."""

    def __init__(self, served: Served, **channel: Any) -> None:
        port = served.running.listeners[-1].port
        if channel:
            self.channel = ClarifaiChannel.get_grpc_channel(base=f"localhost:{port}", **channel)
        else:
            self.channel = ClarifaiChannel.get_insecure_grpc_channel(base="127.0.0.1", port=port)
        self.stub = service_pb2_grpc.V2Stub(self.channel)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.channel.close()

    def ask(self, model: str, *images: Any, key: str = "Key none", **config: Any) -> Any:
        """Call PostModelOutputs with images, bytes of pictures or URLs."""
        return self.stub.PostModelOutputs(
            request_for(model, *images, **config), metadata=(("authorization", key),), timeout=30
        )


def request_for(model: str, *images: Any, **config: Any) -> Any:
    """Make a request out of bytes, URLs and whole inputs."""
    output_info = resources_pb2.OutputInfo(output_config=resources_pb2.OutputConfig(**config))
    inputs = [
        each
        if isinstance(each, resources_pb2.Input)
        else resources_pb2.Input(data=resources_pb2.Data(image=image_of(each)))
        for each in images
    ]
    return service_pb2.PostModelOutputsRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id="me", app_id="own"),
        model_id=model,
        version_id="v1",
        inputs=inputs,
        model=resources_pb2.Model(output_info=output_info) if config else None,
    )


def image_of(given: bytes | str) -> Any:
    return resources_pb2.Image(base64=given) if isinstance(given, bytes) else resources_pb2.Image(url=given)


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served) as made:
        yield made


def name(status: Any) -> str:
    return str(status_code_pb2.StatusCode.Name(status.code))


def names(reply: Any) -> list[str]:
    return [name(reply.status), *(name(output.status) for output in reply.outputs)]


def concepts(reply: Any) -> list[str]:
    assert reply.status.code == status_code_pb2.SUCCESS, reply.status
    return [concept.name for concept in reply.outputs[0].data.concepts]


def test_a_picture_is_classified(client: Client) -> None:
    reply = client.ask("names", encoded(".jpg"))
    assert (name(reply.status), reply.status.description) == ("SUCCESS", "Ok")
    assert re.fullmatch("[0-9a-f]{32}", reply.status.req_id)
    [output] = reply.outputs
    assert (name(output.status), output.status.description) == ("SUCCESS", "Ok")
    assert output.created_at.seconds > 1_700_000_000
    assert (output.model.id, output.model.app_id, output.model.user_id) == ("names", "own", "me")
    assert output.model.model_type_id == "visual-classifier"
    assert (output.model.model_version.id, name(output.model.model_version.status)) == ("v1", "MODEL_TRAINED")
    assert output.input.id and not output.input.data.image.base64
    first = output.data.concepts[0]
    assert (first.id, first.name, first.value, first.app_id) == ("star", "star", approx(0.7), "own")
    values = [concept.value for concept in output.data.concepts]
    assert values == sorted(values, reverse=True) and len(values) == 7


def test_boxes_are_fractions(client: Client) -> None:
    reply = client.ask("boxes", encoded())
    first, second = reply.outputs[0].data.regions
    box = first.region_info.bounding_box
    assert (box.top_row, box.left_col, box.bottom_row, box.right_col) == (0.0, 0.0, 1.0, 0.5)
    assert (first.data.concepts[0].name, first.value, first.data.concepts[0].value) == ("mug", approx(0.8), approx(0.8))
    assert second.data.concepts[0].name == "star" and first.id != second.id
    assert not first.region_info.HasField("mask")
    assert reply.outputs[0].model.model_type_id == "visual-detector"


def test_masks_are_pictures_with_the_share_that_they_cover(client: Client) -> None:
    sky, ground = client.ask("outlines", encoded()).outputs[0].data.regions
    assert [sky.data.concepts[0].name, ground.data.concepts[0].name] == ["sky", "ground"]
    assert (sky.data.concepts[0].value, ground.data.concepts[0].value) == (0.5, 0.4375)
    data = sky.region_info.mask.image.base64
    assert data.startswith(b"\x89PNG")
    mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert mask is not None and mask.shape == (48, 64)
    assert (mask != 0).mean() == 0.5 and mask[0, 0] and not mask[-1, 0]
    assert not sky.region_info.HasField("bounding_box")


def test_a_caption_is_text(client: Client) -> None:
    output = client.ask("teller", encoded()).outputs[0]
    assert output.data.text.raw == "a picture of 64 by 48"
    assert output.data.text.text_info.encoding == "UnknownTextEnc"
    assert output.model.model_type_id == "image-to-text"


def test_the_orientation_in_exif_is_left_alone(client: Client) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    jpeg = io.BytesIO()
    PIL.Image.fromarray(still()).save(jpeg, "jpeg", exif=exif)
    assert client.ask("teller", jpeg.getvalue()).outputs[0].data.text.raw == "a picture of 64 by 48"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"max_concepts": 2}, ["star", "mug"]),
        ({"min_value": 0.5}, ["star", "mug", "circle"]),
        ({"min_value": 0.6, "max_concepts": 9}, ["star", "mug"]),
        ({"select_concepts": [resources_pb2.Concept(id="cross")]}, ["cross"]),
        ({"select_concepts": [resources_pb2.Concept(name="Ring"), resources_pb2.Concept(id="mug")]}, ["mug", "ring"]),
        ({"select_concepts": [resources_pb2.Concept(name="dog")]}, []),
        ({"select_concepts": [resources_pb2.Concept(name="cross")], "min_value": 0.2}, []),
    ],
)
def test_less_is_given_when_less_is_wanted(client: Client, config: dict[str, Any], found: list[str]) -> None:
    assert concepts(client.ask("names", encoded(), **config)) == found


def test_twenty_concepts_are_given_unless_more_are_wanted(client: Client) -> None:
    assert concepts(client.ask("many", encoded())) == [f"thing {n}" for n in range(20)]
    assert len(concepts(client.ask("many", encoded(), max_concepts=25))) == 25


def test_regions_are_chosen_too(client: Client) -> None:
    def labels(model: str, **config: Any) -> list[str]:
        reply = client.ask(model, encoded(), **config)
        return [region.data.concepts[0].name for region in reply.outputs[0].data.regions]

    assert labels("boxes", max_concepts=1) == ["mug"]
    assert labels("boxes", min_value=0.5) == ["mug"]
    assert labels("outlines", min_value=0.5) == ["sky"]
    assert labels("outlines", select_concepts=[resources_pb2.Concept(name="ground")]) == ["ground"]


@pytest.mark.parametrize(
    ("config", "details"),
    [
        ({"min_value": 1.5}, "min_value must be between 0 and 1, got 1.5"),
        ({"min_value": float("nan")}, "min_value must be between 0 and 1, got nan"),
        ({"select_concepts": [resources_pb2.Concept()]}, "each of select_concepts must have an id or a name"),
    ],
)
def test_what_cannot_be_wanted_is_said(client: Client, config: dict[str, Any], details: str) -> None:
    status = client.ask("names", encoded(), **config).status
    assert (name(status), status.details) == ("PREDICT_INVALID_REQUEST", details)


def test_each_input_has_its_own_end_in_its_own_place(client: Client) -> None:
    small = [np.zeros((9, width, 3), np.uint8) for width in (10, 11)]
    whole = resources_pb2.Input(id="mine", data=resources_pb2.Data(image=image_of(encoded())))
    inputs = [
        encoded(),
        b"no picture",
        encoded(".jpg")[:-40],
        resources_pb2.Input(id="empty"),
        resources_pb2.Input(data=resources_pb2.Data(text=resources_pb2.Text(raw="words"))),
        "https://samples.example/train.jpg",
        bytes(limits.PICTURE_BYTES_MAX + 1),
        bomb(),
        *(encoded(".png", image) for image in small),
        whole,
    ]
    reply = client.ask("teller", *inputs)
    assert names(reply) == [
        "MIXED_STATUS",
        "SUCCESS",
        "INPUT_UNSUPPORTED_FORMAT",
        "ALL_INPUT_INVALID_BYTES",
        "INPUT_INVALID_ARGUMENT",
        "INPUT_INVALID_ARGUMENT",
        "INPUT_INVALID_URL",
        "INPUT_OVER_LIMIT",
        "INPUT_OVER_LIMIT",
        "MODEL_PREDICTION_FAILED",
        "INTERNAL_SERVER_ISSUE",
        "SUCCESS",
    ]
    assert reply.status.description == "Mixed Success"
    assert [output.HasField("data") for output in reply.outputs] == [True, *[False] * 9, True]
    details = [output.status.details for output in reply.outputs]
    assert details[3] == "the input must have data.image with url or base64"
    assert details[5] == "this server takes no pictures by URL; send their bytes as base64"
    assert details[6] == "a picture must be under 20 MB"
    assert "85000000" in details[7]
    assert details[8] == "vision service teller cannot use its model; the server's log says why"
    assert [reply.outputs[n].input.id for n in (3, 10)] == ["empty", "mine"]
    assert reply.outputs[5].input.data.image.url == "https://samples.example/train.jpg"
    assert all(output.status.req_id for output in reply.outputs)


def bomb() -> bytes:
    """Give the head of a PNG of 100 megapixels."""
    whole = bytearray(encoded(".png"))
    whole[16:24] = (10_000).to_bytes(4, "big") * 2
    return bytes(whole)


def test_nothing_good_is_a_failure(client: Client) -> None:
    reply = client.ask("names", b"x", b"y")
    assert names(reply) == ["FAILURE", "INPUT_UNSUPPORTED_FORMAT", "INPUT_UNSUPPORTED_FORMAT"]
    assert reply.status.description == "Failure"


def test_128_inputs_are_taken_and_one_more_is_not(client: Client) -> None:
    small = encoded(".png", np.zeros((2, 2, 3), np.uint8))
    assert len(client.ask("names", *[small] * 128).outputs) == 128
    status = client.ask("names", *[small] * 129).status
    assert (name(status), status.details) == ("INPUT_OVER_LIMIT", "the request has 129 inputs, at most 128 are taken")


def test_a_large_message_is_taken(client: Client) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (1200, 1600, 3), np.uint8)
    assert len(encoded(".bmp", noise)) > 5_000_000
    assert name(client.ask("teller", *[encoded(".bmp", noise)] * 5).status) == "SUCCESS"


def test_no_inputs_and_no_model_are_said(client: Client) -> None:
    assert name(client.ask("names").status) == "PREDICT_INVALID_REQUEST"
    status = client.ask("poems", encoded()).status
    assert name(status) == "MODEL_DOES_NOT_EXIST"
    assert status.details == "there is no vision service 'poems'; model_id names one of this server's"
    assert name(client.ask("", encoded()).status) == "MODEL_DOES_NOT_EXIST"


def test_every_other_call_has_a_sentence(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.stub.GetModel(service_pb2.GetModelRequest(model_id="names"))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == (
        "camweave does not do /clarifai.api.V2/GetModel; of Clarifai's calls it does /clarifai.api.V2/PostModelOutputs"
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(client.stub.GenerateModelOutputs(request_for("names", encoded())))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_bytes_that_are_no_message_are_said(served: Served) -> None:
    with Client(served) as client:
        read = service_pb2.MultiOutputResponse.FromString
        call = client.channel.unary_unary(grpc_server.METHOD, lambda data: data, read)
        assert name(call(b"\xff\xff", timeout=10).status) == "CONN_BAD_REQUEST_FORMAT"
        assert name(call(b"", timeout=10).status) == "MODEL_DOES_NOT_EXIST"


def test_above_the_limit_a_call_is_throttled_unread(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpc_server, "CALLS_AT_ONCE", 0)
    assert name(client.ask("names", bytes(15_000_000)).status) == "CONN_THROTTLED"


class Slow(FakeVision):
    """Looks until it is told that it has seen enough."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.begun, self.enough = threading.Event(), threading.Event()

    def _classify(self, frame: Frame) -> tuple[Classification, ...]:
        self.begun.set()
        self.enough.wait(30)
        return ()


def test_while_a_model_runs_all_else_goes_on_and_the_server_ends_in_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    slow = Slow()
    with contextlib.ExitStack() as stack:
        stack.callback(slow.enough.set)
        with Served(tmp_path, CAMERAS + SERVER, (slow, classifier())) as fresh:
            client = stack.enter_context(Client(fresh))
            ask = client.stub.PostModelOutputs
            with pytest.raises(grpc.RpcError):
                ask(request_for("slow", encoded()), timeout=0.2)
            waiting = ask.future(request_for("slow", encoded()), timeout=30)
            assert slow.begun.wait(10)
            assert fresh.client.get("/healthz").status_code == 200
            assert name(client.ask("poems", encoded()).status) == "MODEL_DOES_NOT_EXIST"
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert waiting.exception().code() == grpc.StatusCode.UNAVAILABLE
        # Old versions of gRPC log a fault of theirs when a process has two event loops, as only this test's has.
        said = [record for record in caplog.records if record.levelname == "ERROR" and record.name != "asyncio"]
        assert said == []
        assert capfd.readouterr().err == ""


def test_a_request_that_does_not_come_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_server, "RECEIVE_S", 0.1)
    with Client(served) as client:
        call = client.channel.stream_unary(grpc_server.METHOD, lambda data: data, lambda data: data)

        held = threading.Event()

        def never() -> Iterator[bytes]:
            held.wait()
            yield from ()

        try:
            with pytest.raises(grpc.RpcError) as caught:
                call(never(), timeout=10)
        finally:
            held.set()
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert caught.value.details() == "the request came too slowly"


def test_tls_is_spoken_with_a_certificate(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    text = f"server: {{clarifai: {{port: 0, tls: {{cert: {cert.name}, key: {key.name}}}}}}}\n"
    with Served(tmp_path, CAMERAS + text, services()) as fresh:
        with Client(fresh, root_certificates_path=str(cert)) as client:
            assert concepts(client.ask("names", encoded(), max_concepts=1)) == ["star"]


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}: the port is in use .* with server.clarifai.port"):
            with Served(tmp_path, CAMERAS + SERVER.replace("port: 0", f"port: {port}")):
                pass


def test_a_model_that_cannot_be_loaded_fails_every_input(tmp_path: Path) -> None:
    broken = detector()
    broken.fails = ModelError("/srv/secret/model.tflite is damaged")
    with Served(tmp_path, CAMERAS + SERVER, (broken,)) as fresh, Client(fresh) as client:
        reply = client.ask("boxes", encoded(), encoded())
        assert names(reply) == ["FAILURE", "MODEL_PREDICTION_FAILED", "MODEL_PREDICTION_FAILED"]
        assert "secret" not in str(reply)
        broken.fails = None
        assert names(client.ask("boxes", encoded())) == ["SUCCESS", "SUCCESS"]


def test_what_nobody_foresaw_is_a_server_issue_and_only_the_log_tells_it(tmp_path: Path) -> None:
    broken = detector()
    broken.fails = RuntimeError("of our own making")
    with Served(tmp_path, CAMERAS + SERVER, (broken,)) as fresh, Client(fresh) as client:
        status = client.ask("boxes", encoded()).status
        assert name(status) == "INTERNAL_SERVER_ISSUE"
        assert status.details == "the server failed at this request; its log says how"


def test_too_much_at_once_is_throttled(served: Served, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*args: Any) -> None:
        raise Unavailable("too many requests are waiting; try again shortly")

    monkeypatch.setattr(served.running.backend.models, "run", full)
    assert name(client.ask("names", encoded()).status) == "CONN_THROTTLED"
    assert served.client.post(PATHS[-1], json={}).status_code == 429


class Web:
    """Stands for the web: gives a picture or an error for each URL."""

    known: dict[str, bytes | Exception] = {
        "https://samples.example/train.jpg": encoded(".jpg"),
        "http://localhost/": InvalidUrl("the URL leads to an address that is not public"),
        "https://large.example/": DownloadTooLarge("the picture of the URL must be under 20 MB"),
        "https://gone.example/": DownloadFailed("the URL answers with status 404"),
        "https://away.example/": Unreachable("the name away.example has no address"),
    }

    async def fetch(self, url: str) -> bytes:
        found = self.known[url]
        if isinstance(found, Exception):
            raise found
        return found


def test_pictures_come_by_url_where_that_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "ImageUrls", Web)
    text = CAMERAS + "server: {clarifai: {port: 0}, allow_image_urls: true}\n"
    with Served(tmp_path, text, services()) as fresh, Client(fresh) as client:
        reply = client.ask("teller", *Web.known)
    assert names(reply) == [
        "MIXED_STATUS",
        "SUCCESS",
        "INPUT_INVALID_URL",
        "INPUT_OVER_LIMIT",
        "INPUT_FAILED",
        "INPUT_CONNECTION_FAILED",
    ]
    assert reply.outputs[3].status.code == Code.INPUT_DOWNLOAD_FAILED
    assert reply.outputs[0].data.text.raw == "a picture of 64 by 48"
    assert [output.input.data.image.url for output in reply.outputs] == list(Web.known)


def test_a_name_that_leads_into_the_own_network_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def inside(host: str, port: int) -> list[Address]:
        return [ip_address("192.168.0.7")]

    monkeypatch.setattr(backend, "ImageUrls", lambda: ImageUrls(resolve=inside))
    text = CAMERAS + "server: {clarifai: {port: 0}, allow_image_urls: true}\n"
    with Served(tmp_path, text, services()) as fresh, Client(fresh) as client:
        [output] = client.ask("teller", "https://harmless.example/a.jpg").outputs
    assert name(output.status) == "INPUT_INVALID_URL"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a server that wants a token."""
    before = threads_now()
    text = CAMERAS + f"server: {{clarifai: {{port: 0}}, tokens: [{PAT}, another-token]}}\n"
    with Served(tmp_path_factory.mktemp("guarded"), text, services()) as running:
        yield running
    check_threads(before)


@pytest.mark.parametrize(
    ("authorization", "code", "status"),
    [
        (None, 11009, 401),
        ("Key", 11009, 401),
        ("Key none", 11008, 401),
        (f"Key {PAT[:-1]}", 11008, 401),
        (f"Basic {PAT}", 11008, 401),
        (f"Key {PAT}", 10000, 200),
        ("Key another-token", 10000, 200),
    ],
)
def test_with_tokens_one_must_be_brought(guarded: Served, authorization: str | None, code: int, status: int) -> None:
    guarded.running.backend.tokens._wrong.clear()
    metadata = (("authorization", authorization),) if authorization is not None else ()
    with Client(guarded) as client:
        reply = client.stub.PostModelOutputs(request_for("names", encoded()), metadata=metadata, timeout=30)
    assert (reply.status.code, bool(reply.outputs)) == (code, code == 10000)
    headers = {"Authorization": authorization} if authorization is not None else {}
    response = guarded.client.post(PATHS[0], json={"inputs": [json_input(encoded())]}, headers=headers)
    body = response.json()["status"]
    assert (response.status_code, body["code"], body["description"]) == (status, code, reply.status.description)
    assert body["req_id"] and body.get("details", "") == reply.status.details
    assert PAT not in response.text + str(reply)


def test_who_guesses_at_one_door_waits_at_the_other(guarded: Served) -> None:
    guarded.running.backend.tokens._wrong.clear()
    with Client(guarded) as client:
        codes = [client.ask("names", encoded(), key="Key guess").status.code for _ in range(TRIES + 1)]
        assert codes == [11008] * TRIES + [11005]
        assert client.ask("names", encoded(), key=f"Key {PAT}").status.code == 11005
    response = guarded.client.get("/api/cameras", headers={"Authorization": f"Bearer {PAT}"})
    assert response.status_code == 429


def json_input(data: bytes | None = None, **image: Any) -> dict[str, Any]:
    if data is not None:
        image["base64"] = base64.b64encode(data).decode()
    return {"data": {"image": image}}


@pytest.mark.parametrize("path", PATHS)
def test_the_same_comes_as_json(served: Served, path: str) -> None:
    response = served.client.post(
        path, json={"inputs": [json_input(encoded())]}, headers={"Authorization": "Key YOUR_PAT_HERE"}
    )
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    reply = response.json()
    assert set(reply) == {"status", "outputs"}
    assert (reply["status"]["code"], reply["status"]["description"]) == (10000, "Ok")
    assert reply["status"]["req_id"]
    [output] = reply["outputs"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", output["created_at"])
    assert output["model"]["model_version"]["id"] == ("v1" if "versions" in path else "latest")
    assert output["model"]["model_version"]["status"]["code"] == 21100
    assert output["model"]["app_id"] == ("own" if "apps" in path else "main")
    first = output["data"]["concepts"][0]
    assert first["value"] == approx(0.7) and (first["id"], first["name"]) == ("star", "star")


def test_boxes_and_values_of_zero_are_shown(served: Served) -> None:
    reply = served.client.post("/v2/models/boxes/outputs", json={"inputs": [json_input(encoded())]}).json()
    box = reply["outputs"][0]["data"]["regions"][0]["region_info"]["bounding_box"]
    assert box == {"top_row": 0.0, "left_col": 0.0, "bottom_row": 1.0, "right_col": 0.5}


def test_several_inputs_of_which_one_is_good_are_a_mixed_success(served: Served) -> None:
    inputs = [json_input(encoded()), json_input(url="https://samples.example/train.jpg")]
    response = served.client.post(PATHS[0], json={"inputs": inputs})
    assert response.status_code == 200
    assert [output["status"]["code"] for output in response.json()["outputs"]] == [10000, 30106]
    assert response.json()["status"]["code"] == 10010


def test_what_the_body_repeats_and_what_nobody_knows_does_no_harm(served: Served) -> None:
    config = {"max_concepts": 1, "min_value": 0.1, "select_concepts": [{"name": "ring"}], "sample_ms": 5}
    asked = {
        "user_app_id": {"user_id": "me", "app_id": "body"},
        "model_id": "other",
        "inputs": [json_input(encoded())],
        "model": {"output_info": {"output_config": config}, "model_version": {"status": {"code": "MODEL_TRAINED"}}},
        "of_tomorrow": {"x": 1},
    }
    reply = served.client.post(PATHS[-1], json=asked).json()
    assert [concept["name"] for concept in reply["outputs"][0]["data"]["concepts"]] == ["ring"]
    assert reply["outputs"][0]["model"]["app_id"] == "body"


@pytest.mark.parametrize(
    ("path", "content", "status", "code", "details"),
    [
        (PATHS[0], b"{", 400, 11100, "the body is not the request as JSON: Expecting property name"),
        (PATHS[0], b"[]", 400, 11100, "an object is wanted"),
        (PATHS[0], b"\xff", 400, 11100, "the body is not the request as JSON"),
        (PATHS[0], b"[" * 100_000, 400, 11100, "the body is not the request as JSON"),
        (PATHS[0], b'{"inputs": 5}', 400, 11100, "inputs"),
        (
            PATHS[0],
            b'{"inputs": [{"data": {"image": {"base64": 5}}}]}',
            400,
            11100,
            "inputs.data.image.base64 has a value",
        ),
        (
            PATHS[0],
            b'{"inputs": [{"data": {"image": {"url": 5}}}]}',
            400,
            11100,
            "inputs.data.image.url has a value of",
        ),
        (PATHS[0], b'{"inputs": ' + b"9" * 5000 + b"}", 400, 11100, "it has a number of too many digits"),
        (PATHS[0], b"{" * 5 + b'"x": ' * 5, 400, 11100, "Expecting property name"),
        (PATHS[0], b"", 400, 40001, "the request has no inputs"),
        (PATHS[0], b"{}", 400, 40001, "the request has no inputs"),
        ("/v2/models/poems/outputs", b"{}", 404, 21200, "there is no vision service 'poems'"),
        (PATHS[0], json.dumps({"inputs": [json_input(b"junk")]}).encode(), 400, 10020, ""),
        (PATHS[0], json.dumps({"inputs": [{}] * 129}).encode(), 400, 30105, "129 inputs"),
    ],
)
def test_a_bad_body_gets_a_reply_too(
    served: Served, path: str, content: bytes, status: int, code: int, details: str
) -> None:
    response = served.client.post(path, content=content)
    assert response.status_code == status
    reply = response.json()["status"]
    assert reply["code"] == code
    assert details in reply.get("details", "") and len(reply.get("details", "")) <= 300


@pytest.mark.parametrize(
    ("damaged", "details"),
    [
        (lambda text: text[:100] + "$$$$" + text[100:], "data.image.base64 is not base64, or is cut short"),
        (lambda text: text + "garbage!", "data.image.base64 is not base64, or is cut short"),
        (lambda text: "!!!", "data.image.base64 is not base64, or is cut short"),
        (
            lambda text: text.rstrip("=")[:-3] + "A" * (len(text.rstrip("=")) % 4 == 1),
            "data.image.base64 is not base64",
        ),
        (lambda text: f"data:image/jpeg;base64,{text}", "data.image.base64 must be base64 alone, without data:"),
    ],
)
def test_damaged_base64_costs_its_input_and_no_other(
    served: Served, damaged: Callable[[str], str], details: str
) -> None:
    text = base64.b64encode(encoded()).decode()
    inputs = [json_input(base64=damaged(text)), json_input(base64=text)]
    reply = served.client.post(PATHS[-1], json={"inputs": inputs}).json()
    assert [output["status"]["code"] for output in reply["outputs"]] == [30300, 10000]
    assert details in reply["outputs"][0]["status"]["details"]


@pytest.mark.parametrize(
    "written",
    [
        lambda data: base64.encodebytes(data).decode(),
        lambda data: base64.urlsafe_b64encode(data).decode(),
        lambda data: base64.b64encode(data).decode().rstrip("="),
    ],
    ids=["with line breaks", "for URLs", "without padding"],
)
def test_base64_comes_in_several_forms(served: Served, written: Callable[[bytes], str]) -> None:
    data = encoded() + b"\0"  # what follows a PNG is no part of it
    assert len(data) % 3, "there is a padding to leave out"
    inputs = [json_input(base64=written(data))]
    assert served.client.post(PATHS[-1], json={"inputs": inputs}).json()["status"]["code"] == 10000


def test_a_reply_without_outputs_has_an_empty_list_of_them(served: Served) -> None:
    assert served.client.post("/v2/models/poems/outputs", content=b"{}").json()["outputs"] == []


def test_a_body_that_is_too_large_gets_a_reply_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MESSAGE_BYTES_MAX", 1000)
    response = served.client.post(PATHS[0], content=bytes(1001))
    assert (response.status_code, response.json()["status"]["code"]) == (400, 30105)


def test_without_the_extra_it_is_said_how_to_get_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "find_spec", lambda name: None)
    status, detail = problem(served.client.post(PATHS[0], json={}))
    assert status == 501 and detail.endswith('pip install "camweave[clarifai]"')


def test_the_api_document_knows_it(served: Served) -> None:
    paths = httpx.get(f"{served.running.url}openapi.json", trust_env=False).json()["paths"]
    documented = [path for path in paths if path.startswith("/v2/")]
    assert documented == ["/v2/users/{user}/apps/{app}/models/{model}/versions/{version}/outputs"]


def test_a_box_outside_the_picture_and_a_track(tmp_path: Path) -> None:
    outside = Detection("ghost", 0.9, box=BoundingBox(1.2, 0, 1.4, 1))
    partly = Detection("car", 0.5, box=BoundingBox(-0.5, 0.25, 0.5, 2), track_id=7)
    service = FakeVision("boxes", detections=[outside, partly])
    service.kinds = frozenset({"detections"})
    with Served(tmp_path, CAMERAS + SERVER, (service,)) as fresh, Client(fresh) as client:
        [region] = client.ask("boxes", encoded()).outputs[0].data.regions
    box = region.region_info.bounding_box
    assert (box.top_row, box.left_col, box.bottom_row, box.right_col) == (0.25, 0.0, 1.0, 0.5)
    assert region.track_id == "7"
