"""An API of another system in the app: its errors are written in its own form, all others as before."""

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
    """Has one endpoint that fails, and writes errors in capitals."""

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


def test_an_error_of_its_endpoint_is_in_its_form(served: Served) -> None:
    response = served.client.get("/shout/large", headers=BEARER)
    assert (response.status_code, response.text) == (418, "TOO MUCH OF IT")


def test_so_is_the_refusal_of_a_request_without_a_token(served: Served) -> None:
    response = served.client.get("/shout/large")
    assert response.status_code == 418
    assert response.text.startswith("THIS SERVER NEEDS A TOKEN")
    assert response.headers["www-authenticate"] == "Bearer"


def test_every_other_error_stays_a_problem(served: Served) -> None:
    assert problem(served.client.get("/api/cameras"))[0] == 401
    assert problem(served.client.get("/api/cameras/none", headers=BEARER))[0] == 404
    # What the framework refuses by itself has never reached the extension.
    assert problem(served.client.get("/shout/nothing", headers=BEARER))[0] == 404
