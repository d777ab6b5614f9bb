"""WebSockets are opened by the rules for requests."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from pipeline import ServerConfig, Token
from server.core import Caller, Tokens, current_caller
from server.http.access import AccessMiddleware

GOOD = "correct-horse-battery"
FRIEND = "https://dashboard.example.org"
PATH = "/api/cameras/still/events"
OWN = {"origin": "http://127.0.0.1:8080"}
TOKEN = {"authorization": f"Bearer {GOOD}"}
FOREIGN_AMBIENT = f"pages of {FRIEND} must send a token of their own"


async def opened(
    headers: dict[str, str], path: str = PATH, *, rights: tuple[str, ...] | None = None, says_why: bool = True
) -> Any:
    """Open a WebSocket; return its caller if the app gets it, else the refusal."""
    callers: list[Caller] = []
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        callers.append(current_caller())

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    config = ServerConfig(origins=(FRIEND,), port=8080)
    declared = [Token.model_validate({"name": "robot", "token": GOOD, "rights": rights})] if rights else []
    tokens = Tokens(lambda: declared)
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "client": ("127.0.0.1", 4711),
        "headers": [(name.encode(), value.encode()) for name, value in ({"host": "127.0.0.1:8080"} | headers).items()],
        "extensions": {"websocket.http.response": {}} if says_why else {},
    }
    await AccessMiddleware(app, config, tokens)(scope, receive, send)
    if callers:
        assert not sent
        return callers[0]
    if says_why:
        start, body = sent
        assert start["type"] == "websocket.http.response.start"
        return start["status"], json.loads(body["body"])["detail"]
    [close] = sent
    assert close["type"] == "websocket.close"
    return close["code"], close["reason"]


@pytest.mark.anyio
@pytest.mark.parametrize("headers", [{}, OWN, {"origin": FRIEND}])
async def test_without_tokens_our_own_and_allowed_pages_may_open_them(headers: dict[str, str]) -> None:
    assert await opened(headers) == Caller()


@pytest.mark.anyio
async def test_with_tokens_they_need_one_with_the_right() -> None:
    assert await opened(TOKEN, rights=("view",)) == Caller("robot", frozenset({"view"}))
    assert await opened(OWN | TOKEN, rights=("predict",)) == (403, "this token does not have the right view")
    assert (await opened(OWN, rights=("view",)))[0] == 401
    # Pages and health checks are public as requests only.
    assert (await opened({}, "/healthz", rights=("view",)))[0] == 401


@pytest.mark.anyio
async def test_pages_of_other_sites_may_open_none() -> None:
    status, detail = await opened({"origin": "https://evil.example"})
    assert (status, detail[:29]) == (403, "pages of https://evil.example")
    assert (await opened({"host": "evil.example"} | OWN))[0] == 403


@pytest.mark.anyio
async def test_pages_of_allowed_origins_need_a_token_that_the_browser_does_not_add() -> None:
    basic = {"authorization": "Basic OmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ=="}
    assert (await opened(OWN | basic, rights=("view",))).rights == {"view"}
    status, detail = await opened({"origin": FRIEND} | basic, rights=("view",))
    assert (status, detail[: len(FOREIGN_AMBIENT)]) == (403, FOREIGN_AMBIENT)
    assert (await opened({"origin": FRIEND} | TOKEN, rights=("view",))).rights == {"view"}


@pytest.mark.anyio
async def test_a_script_may_offer_its_token_as_a_subprotocol() -> None:
    def offered(token: str) -> dict[str, str]:
        word = urlsafe_b64encode(token.encode()).decode().rstrip("=")
        return {"sec-websocket-protocol": f"camweave, camweave.bearer.{word}"}

    for origin in (OWN, {"origin": FRIEND}):
        assert (await opened(origin | offered(GOOD), rights=("view",))).rights == {"view"}
    assert (await opened(OWN | offered("wrong"), rights=("view",)))[0] == 401
    assert (await opened(OWN | {"sec-websocket-protocol": "camweave.bearer.a"}, rights=("view",)))[0] == 401
    assert (await opened(OWN | {"sec-websocket-protocol": "camweave"}, rights=("view",)))[0] == 401


@pytest.mark.anyio
async def test_a_server_that_cannot_say_why_closes_it() -> None:
    code, reason = await opened({"origin": f"https://{'é' * 60}.example"}, says_why=False)
    assert code == 1008
    assert len(reason.encode()) in (122, 123)
