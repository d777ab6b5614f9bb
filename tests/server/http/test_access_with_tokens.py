"""Access with tokens: every route, and the limit on wrong tokens."""

import logging
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route, WebSocketRoute

from server.core.access.tokens import TRIES, WITHIN_S
from server.process import program_version

from ..conftest import check_threads, classifier, threads_now
from ..served import CAMERAS, Served, problem

GOOD, OTHER, WRONG = "correct-horse-battery", "second,token=1", "incorrect-horse-battery"
SERVER = f"server: {{tokens: [{GOOD}, '{OTHER}']}}\n"
PAGES = {"/", "/watch", "/watch/{camera}", "/run", "/edit", "/docs", "/sign-in"}
OPEN = {*PAGES, "/healthz", "/readyz", "/page/{name:path}"}
OPEN_POSTS = {"/sign-in", "/sign-out", "/api/link"}
NEEDED = 'this server needs a token, as "Authorization: Bearer TOKEN" or "Authorization: Key TOKEN"'
BASIC = 'Basic realm="camweave", charset="UTF-8"'
MISSING = (401, f"{NEEDED}; none was sent")
INVALID = (401, f"{NEEDED}; the token that was sent is not valid")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("tokens"), CAMERAS + SERVER, (classifier(),), editable=True) as running:
        yield running
    check_threads(before)


@pytest.fixture(autouse=True)
def no_wrong_tokens(request: pytest.FixtureRequest) -> None:
    """Reset the count of wrong tokens before each test."""
    if "served" in request.fixturenames:
        request.getfixturevalue("served").running.backend.tokens._wrong.clear()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def flat(routes: Iterable[Any]) -> Iterator[Route]:
    """Yield all routes, with those of included routers, whose form depends on the version of the framework."""
    for route in routes:
        inner = getattr(route, "original_router", route)
        if isinstance(route, Route):
            yield route
        elif not isinstance(route, WebSocketRoute):
            yield from flat(inner.routes)


def routes(served: Served) -> list[tuple[str, str]]:
    found = [
        (method, route.path) for route in flat(served.running.http.app.routes) for method in sorted(route.methods or ())
    ]
    assert len(found) > 15 and ("POST", "/whep/{camera}") in found
    return found


def ask(served: Served, method: str, path: str, **headers: str) -> httpx.Response:
    for name, value in {
        "camera": "still",
        "name": "page.js",
        "name:path": "page.js",
        "service": "names",
        "session": "x",
    }.items():
        path = path.replace(f"{{{name}}}", value)
    served.running.backend.tokens._wrong.clear()
    return served.client.request(method, path, headers=headers)


def test_every_route_with_data_requires_a_token(served: Served) -> None:
    for method, path in [*routes(served), ("GET", "/nothing"), ("POST", "/"), ("PUT", "/page/page.js")]:
        none, wrong = ask(served, method, path), ask(served, method, path, **bearer(WRONG))
        right = ask(served, method, path, **bearer(GOOD))
        if (method == "GET" and path in OPEN) or (method == "OPTIONS" and path.startswith("/whep/")):
            assert {none.status_code, wrong.status_code, right.status_code} <= {200, 204}, (method, path)
            continue
        if method == "POST" and path in OPEN_POSTS:
            assert none.status_code == wrong.status_code == right.status_code == (204 if "out" in path else 415)
            continue
        assert right.status_code not in (401, 403, 429), (method, path)
        for response, expected, code in ((none, MISSING, 11009), (wrong, INVALID, 11008)):
            assert response.headers.get_list("www-authenticate") == ["Bearer", BASIC], (method, path)
            if method == "HEAD":
                assert (response.status_code, response.content) == (401, b"")
            elif path.startswith("/v2/"):
                status = response.json()["status"]
                assert (response.status_code, status["code"], status["details"]) == (401, code, expected[1])
            else:
                assert problem(response) == expected, (method, path)


def test_a_request_without_a_token_opens_no_camera_and_its_body_is_not_read(served: Served) -> None:
    for headers in ({}, bearer(WRONG)):
        assert served.client.get("/api/cameras/still/image", headers=headers).status_code == 401
    assert not served.running.graph.feeds["still"].watched
    url = httpx.URL(served.running.url)
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        head = "POST /whep/still HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\nContent-Length: 40000"
        connection.sendall(f"{head}\r\n\r\n".encode())  # the body never follows
        assert connection.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_options_of_whep_reveal_only_the_accepted_type(served: Served) -> None:
    there, not_there = (served.client.options(f"/whep/{name}") for name in ("still", "nowhere"))
    assert (there.status_code, there.headers["accept-post"]) == (204, "application/sdp")
    assert there.headers == not_there.headers
    assert served.client.options("/whep/nowhere", headers=bearer(GOOD)).status_code == 404
    assert served.client.options("/whep/nowhere/x").status_code == 204
    assert served.client.options("/whep/nowhere/x", headers=bearer(GOOD)).status_code == 404


@pytest.mark.parametrize(
    "value",
    [f"Bearer {GOOD}", f"bearer {GOOD}", f"Bearer   {GOOD}", f"Key {GOOD}", GOOD, f"Bearer {OTHER}", OTHER],
)
def test_the_forms_that_clients_use_are_accepted(served: Served, value: str) -> None:
    assert served.client.get("/api/cameras", headers={"Authorization": value}).status_code == 200
    assert served.client.head("/api/cameras", headers={"Authorization": value}).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        f"Basic {GOOD}",
        f"Token {GOOD}",
        f"Bearer {GOOD} x",
        f"Bearer {GOOD[:-1]}",
        f"Bearer {GOOD}x",
        f"Bearer {GOOD.upper()}",
        f'Bearer "{GOOD}"',
        f"{GOOD},{OTHER}",
        "Bearer zwölf-Boxkämpfer",
    ],
)
def test_other_forms_are_refused(served: Served, value: str) -> None:
    assert problem(served.client.get("/api/cameras", headers={b"Authorization": value.encode()})) == INVALID


def test_two_tokens_are_refused(served: Served) -> None:
    twice = [("Authorization", f"Bearer {GOOD}"), ("Authorization", f"Bearer {GOOD}")]
    assert problem(served.client.get("/api/cameras", headers=twice)) == INVALID


def test_a_token_in_the_address_is_ignored(served: Served) -> None:
    for name in ("token", "access_token", "authorization", "key"):
        assert problem(served.client.get("/api/cameras", params={name: GOOD})) == MISSING


def test_too_many_wrong_tokens_are_refused_and_a_valid_one_never(served: Served) -> None:
    for _ in range(TRIES):
        assert problem(served.client.get("/api/cameras", headers=bearer(WRONG))) == INVALID
    response = served.client.get("/api/cameras", headers=bearer(WRONG))
    assert problem(response) == (429, "too many wrong tokens came from this address; try again later")
    assert 0 < int(response.headers["retry-after"]) <= WITHIN_S
    assert problem(served.client.get("/api/cameras")) == MISSING
    reply = served.client.post("/v2/models/names/outputs", headers={"Authorization": f"Key {WRONG}"})
    assert (reply.status_code, reply.json()["status"]["code"]) == (429, 11005)
    assert "retry-after" in reply.headers
    for path in ("/healthz", "/api/cameras"):
        assert served.client.get(path, headers=bearer(GOOD)).status_code == 200


def test_no_response_or_log_contains_a_token(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bodies = [
        served.client.request(method, path.replace("{name}", "page.js"), headers=headers).text
        for method, path in routes(served)
        for headers in ({}, bearer(WRONG), bearer(GOOD))
    ]
    config = served.running.backend.config
    shown = [caplog.text, *bodies, repr(config), str(config.server), config.server.model_dump_json()]
    shown += [repr(vars(served.running.backend.tokens)), served.client.get("/", headers=bearer(GOOD)).text]
    assert program_version() in "".join(bodies)  # of /openapi.json
    for token in (GOOD, OTHER, WRONG):
        assert not [text for text in shown if token in text]


def test_a_server_on_all_addresses_accepts_the_same_tokens(tmp_path: Path) -> None:
    text = CAMERAS + f"server: {{host: 0.0.0.0, tokens: [{GOOD}]}}\n"
    with Served(tmp_path, text) as running:
        address = f"http://127.0.0.1:{httpx.URL(running.running.url).port}/api/cameras"
        assert running.client.get(address).status_code == 401
        assert running.client.get(address, headers=bearer(GOOD)).status_code == 200
