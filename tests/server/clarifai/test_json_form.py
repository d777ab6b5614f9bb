"""JSON bodies, valid and invalid."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from ..served import Served, encoded
from .clients import (
    PATHS,
    json_input,
)


def test_repeated_and_unknown_fields_are_ignored(served: Served) -> None:
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
        (PATHS[0], b"{", 400, 11100, "the body is not a request as JSON: Expecting property name"),
        (PATHS[0], b"[]", 400, 11100, "it must be an object"),
        (PATHS[0], b"\xff", 400, 11100, "the body is not a request as JSON"),
        (PATHS[0], b"[" * 100_000, 400, 11100, "the body is not a request as JSON"),
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
        (PATHS[0], b'{"inputs": ' + b"9" * 5000 + b"}", 400, 11100, "a number in it has too many digits"),
        (PATHS[0], b"{" * 5 + b'"x": ' * 5, 400, 11100, "Expecting property name"),
        (PATHS[0], b"", 400, 40001, "the request has no inputs"),
        (PATHS[0], b"{}", 400, 40001, "the request has no inputs"),
        ("/v2/models/poems/outputs", b"{}", 404, 21200, "there is no vision service 'poems'"),
        (PATHS[0], json.dumps({"inputs": [json_input(b"junk")]}).encode(), 400, 10020, ""),
        (PATHS[0], json.dumps({"inputs": [{}] * 129}).encode(), 400, 30105, "129 inputs"),
        (PATHS[0], rb'{"\ud800": 1}', 400, 11100, "half a surrogate pair"),
        (PATHS[0], rb'{"inputs": [{"id": "\udfff"}]}', 400, 11100, "half a surrogate pair"),
    ],
)
def test_an_invalid_body_gets_a_reply_of_the_same_form(
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
        (lambda text: text[:100] + "$$$$" + text[100:], "data.image.base64 is not base64, or is incomplete"),
        (lambda text: text + "garbage!", "data.image.base64 is not base64, or is incomplete"),
        (lambda text: "!!!", "data.image.base64 is not base64, or is incomplete"),
        (
            lambda text: text.rstrip("=")[:-3] + "A" * (len(text.rstrip("=")) % 4 == 1),
            "data.image.base64 is not base64",
        ),
        (lambda text: f"data:image/jpeg;base64,{text}", "data.image.base64 must be base64 alone, without data:"),
    ],
)
def test_damaged_base64_fails_only_its_own_input(served: Served, damaged: Callable[[str], str], details: str) -> None:
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
def test_every_form_of_base64_is_accepted(served: Served, written: Callable[[bytes], str]) -> None:
    data = encoded() + b"\0"  # bytes after the end of a PNG are ignored
    assert len(data) % 3, "the padding can be left out"
    inputs = [json_input(base64=written(data))]
    assert served.client.post(PATHS[-1], json={"inputs": inputs}).json()["status"]["code"] == 10000
