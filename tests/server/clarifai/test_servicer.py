"""Prediction requests and their replies, the same for gRPC and JSON."""

from __future__ import annotations

import io
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from cameras import Address
from pipeline import LimitsConfig
from server.clarifai.codes import Code
from server.core import (
    DownloadFailed,
    DownloadTooLarge,
    ImageUrls,
    InvalidUrl,
    Unavailable,
    Unreachable,
    backend,
)
from vision import ModelError

from ..conftest import detector
from ..served import CAMERAS, Served, encoded, still
from .clients import (
    PATHS,
    SERVER,
    Client,
    image_of,
    json_input,
    name,
    names,
    services,
)


def test_the_exif_orientation_is_ignored(client: Client) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    jpeg = io.BytesIO()
    PIL.Image.fromarray(still()).save(jpeg, "jpeg", exif=exif)
    assert client.ask("teller", jpeg.getvalue()).outputs[0].data.text.raw == "a picture of 64 by 48"


def test_each_input_has_its_own_status_in_order(client: Client) -> None:
    small = [np.zeros((9, width, 3), np.uint8) for width in (10, 11)]
    whole = resources_pb2.Input(id="mine", data=resources_pb2.Data(image=image_of(encoded())))
    inputs = [
        encoded(),
        b"no picture",
        encoded(".jpg")[:-40],
        resources_pb2.Input(id="empty"),
        resources_pb2.Input(data=resources_pb2.Data(text=resources_pb2.Text(raw="words"))),
        "https://samples.example/train.jpg",
        bytes(LimitsConfig().picture_bytes + 1),
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
    assert details[5] == "this server does not download pictures by URL; send their bytes as base64"
    assert details[6] == "a picture must be under 20 MB"
    assert "85000000" in details[7]
    assert details[8] == "vision service teller cannot use its model; the server's log says why"
    assert [reply.outputs[n].input.id for n in (3, 10)] == ["empty", "mine"]
    assert reply.outputs[5].input.data.image.url == "https://samples.example/train.jpg"
    assert all(output.status.req_id for output in reply.outputs)


def bomb() -> bytes:
    """Return the header of a PNG of 100 megapixels."""
    whole = bytearray(encoded(".png"))
    whole[16:24] = (10_000).to_bytes(4, "big") * 2
    return bytes(whole)


def test_failures_alone_are_a_failure(client: Client) -> None:
    reply = client.ask("names", b"x", b"y")
    assert names(reply) == ["FAILURE", "INPUT_UNSUPPORTED_FORMAT", "INPUT_UNSUPPORTED_FORMAT"]
    assert reply.status.description == "Failure"


def test_128_inputs_are_accepted_and_129_are_not(client: Client) -> None:
    small = encoded(".png", np.zeros((2, 2, 3), np.uint8))
    assert len(client.ask("names", *[small] * 128).outputs) == 128
    status = client.ask("names", *[small] * 129).status
    assert (name(status), status.details) == ("INPUT_OVER_LIMIT", "the request has 129 inputs, at most 128 are allowed")


def test_missing_inputs_and_unknown_models_are_refused(client: Client) -> None:
    assert name(client.ask("names").status) == "PREDICT_INVALID_REQUEST"
    status = client.ask("poems", encoded()).status
    assert name(status) == "MODEL_DOES_NOT_EXIST"
    assert status.details == "there is no vision service 'poems'; model_id names one of this server's"
    assert name(client.ask("", encoded()).status) == "MODEL_DOES_NOT_EXIST"


def test_a_model_that_cannot_be_loaded_fails_every_input(tmp_path: Path) -> None:
    broken = detector()
    broken.fails = ModelError("/srv/secret/model.tflite is damaged")
    with Served(tmp_path, CAMERAS + SERVER, (broken,)) as fresh, Client(fresh) as client:
        reply = client.ask("boxes", encoded(), encoded())
        assert names(reply) == ["FAILURE", "MODEL_PREDICTION_FAILED", "MODEL_PREDICTION_FAILED"]
        assert "secret" not in str(reply)
        broken.fails = None
        assert names(client.ask("boxes", encoded())) == ["SUCCESS", "SUCCESS"]


def test_a_bug_is_a_server_issue_and_only_the_log_has_its_details(tmp_path: Path) -> None:
    broken = detector()
    broken.fails = RuntimeError("of our own making")
    with Served(tmp_path, CAMERAS + SERVER, (broken,)) as fresh, Client(fresh) as client:
        status = client.ask("boxes", encoded()).status
        assert name(status) == "INTERNAL_SERVER_ISSUE"
        assert status.details == "the server failed at this request; its log says how"


def test_too_many_requests_are_throttled(served: Served, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*args: Any) -> None:
        raise Unavailable("too many requests are waiting; try again shortly")

    monkeypatch.setattr(served.running.backend.models, "run_for", full)
    assert name(client.ask("names", encoded()).status) == "CONN_THROTTLED"
    asked = {"inputs": [json_input(encoded())]}
    assert served.client.post(PATHS[-1], json=asked).status_code == 429


class Web:
    """Stands in for the web: returns a picture or raises an error for each URL."""

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


def test_pictures_are_downloaded_if_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "ImageUrls", lambda bytes_max: Web())
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


def test_a_host_name_with_a_private_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def inside(host: str, port: int) -> list[Address]:
        return [ip_address("192.168.0.7")]

    monkeypatch.setattr(backend, "ImageUrls", lambda bytes_max: ImageUrls(resolve=inside))
    text = CAMERAS + "server: {clarifai: {port: 0}, allow_image_urls: true}\n"
    with Served(tmp_path, text, services()) as fresh, Client(fresh) as client:
        [output] = client.ask("teller", "https://harmless.example/a.jpg").outputs
    assert name(output.status) == "INPUT_INVALID_URL"
