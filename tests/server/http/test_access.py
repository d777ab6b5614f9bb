"""Access by Host header and origin."""

import pytest

from ..served import Served, encoded, problem

PICTURE = "/api/vision/names/classifications"
FOREIGN = (403, "pages of other sites may link here, but not send requests")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "192.168.7.7:8080", "[::1]:99", "localhost", "LocalHost:8080", "localhost.", "demo.localhost"],
)
def test_addresses_and_names_of_this_machine_are_accepted(served: Served, host: str) -> None:
    assert served.client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "user@127.0.0.1",
        "127.0.0.1/x",
        "[::1",
        "127.0.0.1:x",
        "",
        "::",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/cameras", "/nothing"])
def test_other_names_are_refused(served: Served, host: str, path: str) -> None:
    response = served.client.get(path, headers={"Host": host})
    assert problem(response) == (403, "the name in the Host header is not one of this server's")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_requests_from_a_page_of_another_origin_are_refused(served: Served, headers: dict[str, str]) -> None:
    assert problem(served.client.post(PICTURE, content=encoded(), headers=headers)) == FOREIGN
    assert problem(served.client.delete("/whep/still/x", headers=headers)) == FOREIGN


def test_our_own_pages_and_programs_are_accepted(served: Served) -> None:
    own = str(served.client.base_url).rstrip("/")
    for headers in ({}, {"Origin": own}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert served.client.post(PICTURE, content=encoded(), headers=headers).status_code == 200


def test_another_site_may_link_to_the_page_but_not_embed_a_camera(served: Served) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert served.client.get("/", headers=link).status_code == 200
    picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert problem(served.client.get("/api/cameras/still/image", headers=picture)) == FOREIGN


def test_other_origins_cannot_read_responses(served: Served) -> None:
    for path in ("/", "/api/cameras", "/nothing", "/page/page.js"):
        headers = served.client.get(path, headers={"Origin": "https://evil.example"}).headers
        assert not [name for name in headers if name.startswith("access-control")]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
