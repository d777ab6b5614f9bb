"""Masks and captions over HTTP, and pictures by URL."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from cameras import Caption, Segmentation, as_mask
from server.core import DownloadFailed, DownloadTooLarge, ImageUrls, InvalidUrl
from server.http.messages import PredictionReply
from tests.fakes import FakeVision

from ...served import Served, encoded, problem

MASKS, CAPTIONS = "/api/vision/parts/segmentations", "/api/vision/parts/captions"
SKY = as_mask(np.arange(12).reshape(3, 4) < 6)
SEA = as_mask(np.arange(12).reshape(3, 4) >= 9)
RED, BLUE = "http://pictures.example/red.png", "http://pictures.example/blue.png"


class Pictures(ImageUrls):
    """Stands in for downloads: it has a picture or an error for each URL."""

    async def fetch(self, url: str) -> bytes:
        if url in (RED, BLUE):
            return encoded()
        if url.endswith("large.png"):
            raise DownloadTooLarge("the picture has more than 20 MB")
        if url.startswith("http"):
            raise DownloadFailed("the server answers 404")
        raise InvalidUrl("the URL must begin with http:// or https://")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    service = FakeVision(
        "parts",
        segmentations=[Segmentation("sea", 0.9, mask=SEA), Segmentation("sky", 0.6, mask=SKY)],
        captions=[Caption("a red sky above a blue sea", 0.75)],
    )
    service.kinds = frozenset({"segmentations", "captions"})
    with Served(tmp_path_factory.mktemp("served"), services=(service,)) as running:
        yield running


@pytest.fixture
def with_urls(served: Served) -> Iterator[Served]:
    state, graph = served.running.http.app.state, served.running.graph
    closed, config = state.backend, graph.config
    state.backend = dataclasses.replace(closed, image_urls=Pictures())
    graph.config = dataclasses.replace(config, server=config.server.model_copy(update={"allow_image_urls": True}))
    yield served
    state.backend, graph.config = closed, config


def test_masks_have_the_size_of_the_picture_and_the_largest_is_first(served: Served) -> None:
    reply = served.client.post(MASKS, content=encoded()).json()
    PredictionReply.model_validate(reply)
    assert [(item["class_name"], item["coverage"]) for item in reply["segmentations"]] == [("sky", 0.5), ("sea", 0.25)]
    mask = cv2.imdecode(np.frombuffer(base64.b64decode(reply["segmentations"][0]["mask_png"]), np.uint8), -1)
    assert mask is not None
    assert mask.shape == (48, 64)
    assert mask[0, 0] > 0
    assert mask[-1, -1] == 0


def test_masks_are_limited_and_filtered_as_other_kinds(served: Served) -> None:
    def found(query: str) -> list[str]:
        return [
            item["class_name"] for item in served.client.post(MASKS + query, content=encoded()).json()["segmentations"]
        ]

    assert found("?n=1") == ["sky"]
    assert found("?confidence_threshold=0.9") == ["sea"]
    assert found("?n=0") == ["sky", "sea"]


def test_a_picture_has_a_caption(served: Served) -> None:
    reply = served.client.post(CAPTIONS, content=encoded()).json()
    PredictionReply.model_validate(reply)
    assert reply["captions"] == [{"text": "a red sky above a blue sea", "confidence": 0.75}]
    assert "segmentations" not in reply


def test_the_frame_of_a_camera_has_a_caption(served: Served) -> None:
    reply = served.client.get(CAPTIONS, params={"camera": "seen"}).json()
    assert (reply["camera"], reply["captions"][0]["confidence"]) == ("seen", 0.75)


def test_urls_are_refused_by_default(served: Served) -> None:
    assert problem(served.client.post(CAPTIONS, json={"image_url": RED})) == (
        400,
        "pictures by URL are off; allow_image_urls: true in the configuration allows them",
    )


def test_a_picture_is_downloaded_by_url(with_urls: Served) -> None:
    reply = with_urls.client.post(CAPTIONS, json={"image_url": RED}).json()
    assert (reply["width_px"], len(reply["captions"])) == (64, 1)


def test_several_urls_are_answered_in_order_each_with_its_own_error(with_urls: Served) -> None:
    urls = [
        RED,
        "ftp://pictures.example/a.png",
        "http://pictures.example/gone.png",
        "http://pictures.example/large.png",
        BLUE,
    ]
    results = with_urls.client.post(CAPTIONS, json={"image_urls": urls}).json()["results"]
    assert [result.get("status", 200) for result in results] == [200, 422, 422, 413, 200]
    assert results[1]["detail"] == "the URL must begin with http:// or https://"
    assert results[2]["detail"] == "the server answers 404"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'"http://a/"', b'{"image_url": 5}', b'{"image_urls": []}', b'{"image_urls": "http://a/"}',
     b'{"image_url": "http://a/", "n": 1}', b"[" * 100_000],
)  # fmt: skip
def test_other_json_is_refused(with_urls: Served, body: bytes) -> None:
    answer = with_urls.client.post(CAPTIONS, content=body, headers={"Content-Type": "application/json; charset=utf-8"})
    status, detail = problem(answer)
    assert status == 422
    assert detail.endswith('{"image_url": URL} or {"image_urls": [URL, ...]}')


def test_too_many_urls_are_refused_before_a_download(with_urls: Served) -> None:
    answer = with_urls.client.post(CAPTIONS, json={"image_urls": [RED] * 129})
    assert problem(answer) == (400, "a request may have at most 128 pictures, got 129")


def test_the_state_of_a_camera_has_no_masks(served: Served, tmp_path: Path) -> None:
    text = json.dumps(served.client.get("/api/cameras").json())
    assert "mask_png" not in text
