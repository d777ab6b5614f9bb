"""The pages and their files."""

import re
from importlib import resources

import pytest

from ..served import Served, problem


def test_the_pages_load_nothing_from_other_servers(served: Served) -> None:
    for path in ("/", "/run", "/docs"):
        response = served.client.get(path)
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["content-security-policy"].startswith("default-src 'self';")
        addresses = re.findall(r'(?:src|href)="([^"]*)"', response.text)
        assert addresses
        for address in addresses:
            assert not address.startswith(("/", "http")), address  # relative: a proxy may add a path prefix
            if not address.startswith("#"):
                assert served.client.get(address).status_code == 200, address


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/page/page.js", "text/javascript; charset=utf-8"),
        ("/page/shared/player.js", "text/javascript; charset=utf-8"),
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/run.js", "text/javascript; charset=utf-8"),
        ("/page/shared/drawing.js", "text/javascript; charset=utf-8"),
        ("/page/run.css", "text/css; charset=utf-8"),
        ("/favicon.ico", "image/svg+xml; charset=utf-8"),
    ],
)
def test_files_are_revalidated_and_sent_only_once(served: Served, path: str, kind: str) -> None:
    first = served.client.get(path)
    assert (first.headers["content-type"], first.headers["cache-control"]) == (kind, "no-cache")
    second = served.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.js", "index.html", "..%2fcli.py", "%2e%2e", "page.js%00", "shared", "shared/", "../cli.py"]
)
def test_no_other_file_is_served(served: Served, name: str) -> None:
    assert problem(served.client.get(f"/page/{name}"))[0] == 404


def test_scripts_insert_text_only(served: Served) -> None:
    folder = resources.files("server.http") / "page"
    scripts = [f"{part}{file.name}" for part in ("", "shared/") for file in (folder / part).iterdir()]
    for name in (name for name in scripts if name.endswith(".js")):
        source = served.client.get(f"/page/{name}").text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)


def test_an_unknown_path_is_not_found(served: Served) -> None:
    for path in ("/nothing", "/api", "/api/cameras/", "/whep", "/docs/"):
        assert problem(served.client.get(path)) == (404, "this address does not exist; /docs lists all addresses")
