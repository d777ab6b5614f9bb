"""What programs ask about the server itself."""

import jsonschema
import pytest

from ..served import Served, problem


def test_the_server_is_well_and_ready(served: Served) -> None:
    assert served.client.get("/healthz").json() == {"status": "ok"}
    assert served.client.get("/readyz").json() == {"status": "ready"}


def test_a_closing_server_is_not_ready(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.running.http.app.state, "closing", True)
    response = served.client.get("/readyz")
    assert problem(response) == (503, "the server is closing")
    assert response.headers["retry-after"] == "1"


def test_the_schema_is_a_schema(served: Served) -> None:
    jsonschema.Draft202012Validator.check_schema(served.client.get("/schema.json").json())
