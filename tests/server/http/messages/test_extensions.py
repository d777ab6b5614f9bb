"""An extension of the app: its errors have its own format, all others are problem documents."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from server.core import Backend, RequestError, TooLarge
from server.run import lifecycle

from ...served import CAMERAS, Served, problem

GOOD = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {GOOD}"}


class Shouting:
    """An extension with an endpoint that fails, and errors in capitals."""

    def __init__(self, backend: Backend) -> None:
        self.router = APIRouter(prefix="/shout")

        @self.router.get("/large")
        async def large() -> None:
            raise TooLarge("too much of it")

    def writes_errors_of(self, method: str, path: str) -> bool:
        return path.startswith("/shout/")

    def response_to(self, error: RequestError, headers: Mapping[str, str]) -> Response:
        return PlainTextResponse(error.detail.upper(), 418, headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("extension")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "ClarifaiRest", Shouting)
        with Served(folder, CAMERAS + f"server: {{tokens: [{GOOD}]}}\n") as running:
            yield running


def test_errors_of_its_endpoints_have_its_format(served: Served) -> None:
    response = served.client.get("/shout/large", headers=BEARER)
    assert (response.status_code, response.text) == (418, "TOO MUCH OF IT")


def test_the_refusal_of_a_missing_token_has_its_format(served: Served) -> None:
    response = served.client.get("/shout/large")
    assert response.status_code == 418
    assert response.text.startswith("THIS SERVER NEEDS A TOKEN")
    assert response.headers["www-authenticate"] == "Bearer"


def test_other_errors_are_problem_documents(served: Served) -> None:
    assert problem(served.client.get("/api/cameras"))[0] == 401
    assert problem(served.client.get("/api/cameras/none", headers=BEARER))[0] == 404
    # The framework itself refuses this request; it never reaches the extension.
    assert problem(served.client.get("/shout/nothing", headers=BEARER))[0] == 404
