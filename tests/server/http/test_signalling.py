"""The common part of signalling endpoints, tested with a protocol of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response

from pipeline import ServerConfig
from server.core import RequestError, Tokens
from server.http.access import AccessMiddleware
from server.http.messages import handle_errors, response_to
from server.http.signalling import (
    STATUS,
    SignallingRouter,
    ice_links,
    is_authenticated,
    read_offer,
    signalling_errors,
)
from streams import NoConnection, SignallingError

from ..served import problem

GOOD = {"Authorization": "Bearer correct-horse-battery"}


def publishing(error: type[SignallingError] = NoConnection) -> AccessMiddleware:
    """Return an app with a second signalling protocol that refuses every offer."""
    router = SignallingRouter(prefix="/whip")

    @router.options("/{camera}", status_code=204)
    async def options(camera: str, request: Request) -> Response:
        return Response(status_code=204, headers={"Authenticated": str(is_authenticated(request))})

    @router.post("/{camera}")
    async def offer(camera: str, request: Request) -> Response:
        sdp = await read_offer(request)
        with signalling_errors():
            raise error(f"not {camera}: {sdp}")

    def write(request: Request, error: RequestError) -> Response:
        return response_to(error)

    app = FastAPI()
    handle_errors(app, write)
    app.include_router(router)
    return AccessMiddleware(app, tokens=Tokens(lambda: ["correct-horse-battery"]), open_options=[router.folder])


def ask(app: AccessMiddleware, method: str, path: str, **request: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.request(method, path, **request)

    return asyncio.run(asked())


def test_options_of_every_signalling_router_need_no_token() -> None:
    app = publishing()
    assert ask(app, "OPTIONS", "/whip/porch").headers["authenticated"] == "False"
    assert ask(app, "OPTIONS", "/whip/porch", headers=GOOD).headers["authenticated"] == "True"
    assert ask(app, "POST", "/whip/porch").status_code == 401
    assert ask(app, "OPTIONS", "/whipped").status_code == 401
    assert ask(app, "OPTIONS", "/whep/porch").status_code == 401, "nothing is declared there"


@pytest.mark.parametrize(("error", "status"), STATUS.items())
def test_each_error_has_its_status(error: type[SignallingError], status: int) -> None:
    headers = {**GOOD, "Content-Type": "application/sdp"}
    response = ask(publishing(error), "POST", "/whip/porch", content="v=0", headers=headers)
    assert problem(response) == (status, "not porch: v=0")
    assert response.headers.get("retry-after") == ("2" if status == 503 else None)


def test_every_error_has_a_status() -> None:
    assert set(STATUS) == set(SignallingError.__subclasses__())


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
