"""The pages and what they are made of, and what programs ask about the server."""

import re

import jsonschema
import pytest

from ..served import Served, problem


def test_the_page_needs_nothing_from_elsewhere(served: Served) -> None:
    for path in ("/", "/run", "/docs"):
        response = served.client.get(path)
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["content-security-policy"].startswith("default-src 'self';")
        addresses = re.findall(r'(?:src|href)="([^"]*)"', response.text)
        assert addresses
        for address in addresses:
            assert address.startswith(("/", "#")), address
            if address.startswith("/"):
                assert served.client.get(address).status_code == 200, address


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/page/page.js", "text/javascript; charset=utf-8"),
        ("/page/player.js", "text/javascript; charset=utf-8"),
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/run.js", "text/javascript; charset=utf-8"),
        ("/page/drawing.js", "text/javascript; charset=utf-8"),
        ("/page/run.css", "text/css; charset=utf-8"),
        ("/favicon.ico", "image/svg+xml; charset=utf-8"),
    ],
)
def test_files_are_asked_about_again_but_sent_once(served: Served, path: str, kind: str) -> None:
    first = served.client.get(path)
    assert (first.headers["content-type"], first.headers["cache-control"]) == (kind, "no-cache")
    second = served.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "index.html", "..%2fcli.py", "%2e%2e", "page.js%00"])
def test_no_other_file_is_given(served: Served, name: str) -> None:
    assert problem(served.client.get(f"/page/{name}"))[0] == 404


def test_scripts_write_text_only(served: Served) -> None:
    for name in ("page.js", "player.js", "run.js", "drawing.js", "files.js", "shell.js", "docs.js", "token.js"):
        source = served.client.get(f"/page/{name}").text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)


def test_an_unknown_path_is_not_found(served: Served) -> None:
    for path in ("/nothing", "/api", "/api/cameras/", "/whep", "/docs/"):
        assert problem(served.client.get(path)) == (404, "there is nothing at this address; /docs lists what there is")


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


def test_what_fails_inside_says_nothing_of_the_inside(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> int:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(served.running.whep, "sessions", fail)
    assert problem(served.client.get("/api/cameras")) == (500, "the server failed at this request; its log says how")
