"""The common part of signalling endpoints, tested with a protocol of its own."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import SecretStr

from pipeline import Config, ServerConfig, plain_token
from server.core import NotFound, RequestError, Tokens
from server.http.access import AccessMiddleware
from server.http.messages import handle_errors, response_to
from server.http.routes.signalling import SignallingRouter, ice_links, read_offer
from server.http.routes.viewing import STATUS, viewing_errors
from streams import NoConnection, SignallingError, ViewingError

from ...served import problem

GOOD = {"Authorization": "Bearer correct-horse-battery"}


class FakeBackend:
    """A backend that has every camera except ``nowhere``."""

    config = Config({}, {})

    def public_camera(self, name: str) -> None:
        if name == "nowhere":
            raise NotFound("there is no camera 'nowhere'")


class Publishers:
    """The sessions of a second protocol: only ``known`` exists; for any other name the error states the arguments."""

    def __init__(self, error: type[ViewingError]) -> None:
        self.error = error

    async def patch(self, secret: str, body: str, if_match: str | None, *, camera: str) -> None:
        if secret != "known":
            raise self.error(f"PATCH {secret} of {camera}: {body}, if {if_match}")

    async def delete(self, secret: str, *, camera: str) -> None:
        if secret != "known":
            raise self.error(f"DELETE {secret} of {camera}")


def publishing(error: type[ViewingError] = NoConnection) -> AccessMiddleware:
    """Return an app with a second signalling protocol that refuses every offer and has one session, ``known``."""
    router = SignallingRouter(prefix="/whip")
    publishers = Publishers(error)

    @router.post("/{camera}")
    async def offer(camera: str, request: Request) -> Response:
        sdp = await read_offer(request, FakeBackend.config.server.limits)
        with viewing_errors():
            raise error(f"not {camera}: {sdp}")

    router.add_session_routes(lambda backend: cast(Any, publishers))

    def write(request: Request, error: RequestError) -> Response:
        return response_to(error)

    app = FastAPI()
    app.state.backend = FakeBackend()
    handle_errors(app, write)
    app.include_router(router)
    return AccessMiddleware(
        app, tokens=Tokens(lambda: [plain_token(SecretStr("correct-horse-battery"))]), open_options=[router.folder]
    )


def ask(app: AccessMiddleware, method: str, path: str, **request: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.request(method, path, **request)

    return asyncio.run(asked())


def test_options_of_every_signalling_router_need_no_token() -> None:
    app = publishing()
    for path, allowed in (("", "OPTIONS, POST"), ("/known", "DELETE, OPTIONS, PATCH")):
        assert ask(app, "OPTIONS", f"/whip/porch{path}").headers["allow"] == allowed
        assert ask(app, "OPTIONS", f"/whip/nowhere{path}").status_code == 204, "it does not say which cameras exist"
        assert ask(app, "OPTIONS", f"/whip/nowhere{path}", headers=GOOD).status_code == 404
    assert ask(app, "POST", "/whip/porch").status_code == 401
    assert ask(app, "OPTIONS", "/whipped").status_code == 401
    assert ask(app, "OPTIONS", "/whep/porch").status_code == 401, "nothing is declared there"


@pytest.mark.parametrize(("error", "status"), STATUS.items())
def test_the_routes_of_a_session_reach_the_sessions_of_their_protocol(error: type[ViewingError], status: int) -> None:
    app = publishing(error)
    fragment = {**GOOD, "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": '"1"'}
    assert ask(app, "PATCH", "/whip/porch/known", content="a=mid:0", headers=fragment).status_code == 204
    assert ask(app, "DELETE", "/whip/porch/known", headers=GOOD).status_code == 200
    refused = ask(app, "PATCH", "/whip/porch/other", content="a=mid:0", headers=fragment)
    assert problem(refused) == (status, 'PATCH other of porch: a=mid:0, if "1"')
    assert problem(ask(app, "DELETE", "/whip/porch/other", headers=GOOD)) == (status, "DELETE other of porch")
    assert ask(app, "DELETE", "/whip/nowhere/known", headers=GOOD).status_code == 404
    assert ask(app, "DELETE", "/whip/porch/known").status_code == 401


@pytest.mark.parametrize(("error", "status"), STATUS.items())
def test_each_error_has_its_status(error: type[ViewingError], status: int) -> None:
    headers = {**GOOD, "Content-Type": "application/sdp"}
    response = ask(publishing(error), "POST", "/whip/porch", content="v=0", headers=headers)
    assert problem(response) == (status, "not porch: v=0")
    assert response.headers.get("retry-after") == {503: "2", 429: "10"}.get(status)


def test_every_error_has_a_status() -> None:
    kinds = {*ViewingError.__subclasses__(), *SignallingError.__subclasses__()} - {SignallingError}
    assert set(STATUS) == kinds


def test_link_headers_name_the_ice_servers() -> None:
    servers = [
        {"urls": ["stun:stun.example.org"]},
        {"urls": ["turn:t.example.org?transport=udp"], "username": 'a"b', "credential": "c\\d"},
    ]
    config = ServerConfig.model_validate({"ice": {"servers": servers}})
    assert list(ice_links(config)) == [
        '<stun:stun.example.org>; rel="ice-server"',
        '<turn:t.example.org?transport=udp>; rel="ice-server"; username="a\\"b"; credential="c\\\\d"; '
        'credential-type="password"',
    ]
