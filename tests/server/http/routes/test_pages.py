"""The pages and their files."""

import re
from importlib import resources
from urllib.parse import urljoin

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request

from pipeline import ServerConfig
from server.http.access.site import SENDER, Site, starts_by_itself

from ...served import Served, problem


def test_the_pages_load_nothing_from_other_servers(served: Served) -> None:
    for path in ("/", "/run", "/edit", "/docs", "/watch", "/watch/still"):
        response = served.client.get(path)
        assert "<h1" in response.text
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["content-security-policy"].startswith("default-src 'self';")
        addresses = re.findall(r'(?:src|href)="([^"]*)"', response.text)
        assert addresses
        for address in addresses:
            assert not address.startswith(("/", "http")), address  # relative: a proxy may add a path prefix
            if not address.startswith("#"):
                assert served.client.get(urljoin(path, address)).status_code == 200, address


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/page/page.js", "text/javascript; charset=utf-8"),
        ("/page/shared/player.js", "text/javascript; charset=utf-8"),
        ("/page/styles/page.css", "text/css; charset=utf-8"),
        ("/page/run.js", "text/javascript; charset=utf-8"),
        ("/page/run/drawing.js", "text/javascript; charset=utf-8"),
        ("/page/styles/run.css", "text/css; charset=utf-8"),
        ("/page/edit/editor.js", "text/javascript; charset=utf-8"),
        ("/page/edit/text/yaml.js", "text/javascript; charset=utf-8"),
        ("/favicon.ico", "image/svg+xml; charset=utf-8"),
    ],
)
def test_files_are_revalidated_and_sent_only_once(served: Served, path: str, kind: str) -> None:
    first = served.client.get(path)
    assert (first.headers["content-type"], first.headers["cache-control"]) == (kind, "no-cache")
    second = served.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.js", "index.html", "..%2fcli.py", "%2e%2e", "page.js%00", "shared", "run/", "../cli.py"]
)
def test_no_other_file_is_served(served: Served, name: str) -> None:
    assert problem(served.client.get(f"/page/{name}"))[0] == 404


FOLDERS = ("", "controls/", "edit/", "edit/text/", "playing/", "run/", "shared/")


def test_scripts_insert_text_only(served: Served) -> None:
    folder = resources.files("server.http") / "page"
    scripts = [f"{part}{file.name}" for part in FOLDERS for file in (folder / part).iterdir()]
    for name in (name for name in scripts if name.endswith(".js")):
        source = served.client.get(f"/page/{name}").text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)


def test_an_unknown_path_is_not_found(served: Served) -> None:
    for path in ("/nothing", "/api", "/api/cameras/", "/whep", "/docs/"):
        assert problem(served.client.get(path)) == (404, "this address does not exist; /docs lists all addresses")


@pytest.mark.parametrize(("name", "status"), [("still", 200), ("unknown", 404), ("secret", 404), ("%3Cb%3E", 404)])
def test_the_page_of_one_camera_says_whether_it_exists(served: Served, name: str, status: int) -> None:
    response = served.client.get(f"/watch/{name}")
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "<b>" not in response.text
    assert problem(served.client.get("/watch/still/more"))[0] == 404


def test_the_editor_is_not_there_while_editing_is_off(served: Served) -> None:
    file = served.running.reloader.file
    assert served.client.get("/edit").status_code == 200
    file.is_editable = False
    try:
        response = served.client.get("/edit")
    finally:
        file.is_editable = True
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")


COOKIE = {"cookie": "camweave-start=1"}
ALLOWED = Site(ServerConfig(origins=("https://friend.test",)))


@pytest.mark.parametrize(
    ("headers", "starts"),
    [
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"} | COOKIE, False),
        ({"sec-fetch-site": "cross-site", "referer": "http://me.test/"} | COOKIE, False),
        ({"sec-fetch-site": "cross-site", "referer": "https://friend.test/page"}, True),
        ({"sec-fetch-site": "cross-site", "referer": "https://friend.test.evil.test/"}, False),
        ({}, False),
        (COOKIE, True),
        ({"referer": "http://me.test/"}, True),
        ({"referer": "http://evil.test/"} | COOKIE, False),
        ({"referer": "https://friend.test/"}, True),
    ],
)
def test_only_a_page_that_no_foreign_page_has_opened_starts_itself(headers: dict[str, str], starts: bool) -> None:
    sent = Headers({"host": "me.test", **headers})
    request = Request({"type": "http", "headers": sent.raw, SENDER: ALLOWED.sender(sent)})
    assert starts_by_itself(request) == starts


@pytest.mark.parametrize("path", ["/", "/watch", "/watch/still"])
def test_a_page_is_told_whether_it_starts_itself(served: Served, path: str) -> None:
    tags = []
    for site, word in (("none", "yes"), ("cross-site", "no")):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
        response = served.client.get(path, headers=headers)
        assert f'data-start="{word}"' in response.text
        assert "{" not in response.text
        again = served.client.get(path, headers={**headers, "If-None-Match": response.headers["etag"]})
        assert again.status_code == 304
        tags.append(response.headers["etag"])
    assert tags[0] != tags[1], "a browser must not reuse one for the other"
