"""Predictions as JSON over HTTP."""

from __future__ import annotations

import re

import httpx
import pytest
from pytest import approx

from server.clarifai import rest

from ..served import Served, encoded, limited, problem
from .clients import (
    PATHS,
    json_input,
)


@pytest.mark.parametrize("path", PATHS)
def test_predictions_are_returned_as_json(served: Served, path: str) -> None:
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


def test_zeros_are_not_omitted(served: Served) -> None:
    reply = served.client.post("/v2/models/boxes/outputs", json={"inputs": [json_input(encoded())]}).json()
    box = reply["outputs"][0]["data"]["regions"][0]["region_info"]["bounding_box"]
    assert box == {"top_row": 0.0, "left_col": 0.0, "bottom_row": 1.0, "right_col": 0.5}


def test_one_success_among_failures_is_a_mixed_status(served: Served) -> None:
    inputs = [json_input(encoded()), json_input(url="https://samples.example/train.jpg")]
    response = served.client.post(PATHS[0], json={"inputs": inputs})
    assert response.status_code == 200
    assert [output["status"]["code"] for output in response.json()["outputs"]] == [10000, 30106]
    assert response.json()["status"]["code"] == 10010


def test_a_reply_without_outputs_has_an_empty_list(served: Served) -> None:
    assert served.client.post("/v2/models/poems/outputs", content=b"{}").json()["outputs"] == []


def test_a_body_that_is_too_large_gets_a_reply_of_the_same_form(served: Served) -> None:
    with limited(served, body_bytes=1000):
        response = served.client.post(PATHS[0], content=bytes(1001))
    assert (response.status_code, response.json()["status"]["code"]) == (400, 30105)


def test_the_error_names_the_missing_extra(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "find_spec", lambda name: None)
    status, detail = problem(served.client.post(PATHS[0], json={}))
    assert status == 501 and detail.endswith('pip install "camweave[clarifai]"')


def test_the_openapi_document_lists_it(served: Served) -> None:
    paths = httpx.get(f"{served.running.url}openapi.json", trust_env=False).json()["paths"]
    documented = [path for path in paths if path.startswith("/v2/")]
    assert documented == ["/v2/users/{user}/apps/{app}/models/{model}/versions/{version}/outputs"]
