"""Requests through trusted proxies, and below a path prefix."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pipeline import ServerConfig
from pipeline.config.declarations import OWN_PATHS
from server.http.access.forwarded import Forwarded
from server.http.routes import cameras, operations, pages, vision, whep
from tests.server.served import CAMERAS, Served, problem

TOKEN = "correct-horse-battery"


def forwarded(headers: dict[str, str], *, path: str = "/", peer: str = "127.0.0.1", **config: Any) -> dict[str, Any]:
    """Return the scope of a request, as its client sees it."""
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (peer, 4711),
    }
    return dict(Forwarded(ServerConfig(trusted_proxies=("127.0.0.1/32",), **config)).scope_of(scope))


def test_a_trusted_proxy_says_address_scheme_and_host() -> None:
    scope = forwarded(
        {
            "Host": "127.0.0.1:8080",
            "X-Forwarded-For": "6.6.6.6, 192.0.2.7",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "localhost, cam.example.org",
        }
    )
    assert (scope["client"], scope["scheme"]) == (("192.0.2.7", 0), "https")
    assert [value for name, value in scope["headers"] if name == b"host"] == [b"cam.example.org"]


def test_others_are_not_believed_and_the_log_names_the_key(caplog: pytest.LogCaptureFixture) -> None:
    said = {
        "Host": "127.0.0.1:8080",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "localhost",
        "X-Forwarded-Prefix": "/cams",
    }
    scope = forwarded(said, peer="192.0.2.66", path="/cams/healthz")
    assert (scope["client"], scope["scheme"], scope["path"]) == (("192.0.2.66", 4711), "http", "/cams/healthz")
    assert dict(scope["headers"])[b"host"] == b"127.0.0.1:8080"
    assert caplog.messages == [
        "X-Forwarded headers from 192.0.2.66 are ignored; if that is your proxy, add it to server.trusted_proxies"
    ]


def test_the_log_says_it_once(caplog: pytest.LogCaptureFixture) -> None:
    each = Forwarded(ServerConfig())
    scope = {"headers": [(b"x-forwarded-for", b"1.1.1.1")], "path": "/", "client": ("127.0.0.1", 1)}
    for _ in range(3):
        each.scope_of(scope)
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("value", ["ftp", "", "https, x"])
def test_an_unknown_scheme_is_ignored(value: str) -> None:
    assert forwarded({"X-Forwarded-Proto": value})["scheme"] == "http"


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("/cams/api/cameras", "/api/cameras"),
        ("/api/cameras", "/api/cameras"),
        ("/camsapi", "/camsapi"),
        ("/cams/", "/"),
    ],
)
def test_a_prefix_may_be_kept_or_removed(path: str, inner: str) -> None:
    for scope in (
        forwarded({"X-Forwarded-Prefix": "/cams/"}, path=path),
        forwarded({}, path=path, base_path="/cams"),
        forwarded({"X-Forwarded-Prefix": "/cams"}, path=path, base_path="/other"),
    ):
        assert (scope["path"], scope["raw_path"]) == (inner, inner.encode())


@pytest.mark.parametrize("prefix", ["//evil.example", "https://evil.example", '/a"b', "/..", "/api", "cams"])
def test_a_prefix_that_is_no_path_is_ignored(prefix: str) -> None:
    scope = forwarded({"X-Forwarded-Prefix": prefix}, path="/api/cameras")
    assert (scope["path"], scope["camweave.base_path"]) == ("/api/cameras", "")


def test_every_path_of_the_server_is_known_so_that_no_prefix_can_be_mistaken_for_it() -> None:
    routers = (cameras.router, vision.router, whep.router, operations.router, pages.router)
    paths = [getattr(route, "path", "") for router in routers for route in router.routes]
    assert {path.split("/")[1] for path in paths} - {""} <= OWN_PATHS


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = f"server: {{base_path: /cams, trusted_proxies: [127.0.0.1], tokens: [{TOKEN}]}}\n"
    with Served(tmp_path_factory.mktemp("forwarded"), CAMERAS + server) as running:
        yield running


def test_addresses_have_the_prefix(served: Served) -> None:
    root = str(served.client.base_url.copy_with(path="/"))
    assert served.running.url == f"{root}cams/"
    with httpx.Client(base_url=root, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as client:
        for path in ("/api/cameras", "/cams/api/cameras"):
            assert client.get(path).status_code == 200
        bare = client.get("/cams?a=1")
        assert (bare.status_code, bare.headers["location"]) == (308, "/cams/?a=1")
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/cams"}]
        other = client.get("/openapi.json", headers={"X-Forwarded-Prefix": "/other"})
        assert other.json()["servers"] == [{"url": "/other"}]


def test_wrong_tokens_are_counted_for_the_client_and_not_for_its_proxy(served: Served) -> None:
    wrong = {"Authorization": "Bearer wrong-horse-battery", "X-Forwarded-For": "6.6.6.6, 192.0.2.66"}
    statuses = [served.client.get("api/cameras", headers=wrong).status_code for _ in range(21)]
    assert statuses[-1] == 429
    right = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "192.0.2.7"}
    assert served.client.get("api/cameras", headers=right).status_code == 200
    assert problem(served.client.get("api/cameras", headers={**wrong, "X-Forwarded-For": "192.0.2.8"}))[0] == 401
