"""Health, readiness, measurements and the schema of the configuration."""

import time
from pathlib import Path

import jsonschema
import pytest

from tests import foreign

from ...served import CAMERAS, Served, problem


def test_the_server_is_healthy_and_ready(served: Served) -> None:
    assert served.client.get("/healthz").json() == {"status": "ok"}
    assert served.client.get("/readyz").json() == {"status": "ready"}


def test_the_server_tells_its_time(served: Served) -> None:
    before_s = time.time()
    told = served.client.get("/api/clock").json()
    assert set(told) == {"time_s"} and before_s <= told["time_s"] <= time.time()


def test_a_closing_server_is_not_ready(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.running.http.app.state, "closing", True)
    response = served.client.get("/readyz")
    assert problem(response) == (503, "the server is closing")
    assert response.headers["retry-after"] == "1"


def test_the_schema_is_a_valid_json_schema(served: Served) -> None:
    jsonschema.Draft202012Validator.check_schema(served.client.get("/schema.json").json())


def test_added_kinds_are_in_the_schema_and_work(tmp_path: Path) -> None:
    (tmp_path / "half.mean").write_text("128")
    text = CAMERAS.rstrip() + foreign.TEXT.replace("\ncameras:", "")
    with Served(tmp_path, text, tables=foreign.KINDS) as served:
        assert '"negative"' in served.client.get("/schema.json").text
        reply = served.client.get("/api/vision/in-place/classifications", params={"camera": "dark"}).json()
    assert reply["classifications"][0]["class_name"] == "dark"
