"""Access by Host header and origin."""

import pytest

from ..served import Served, encoded, problem

PICTURE = "/api/vision/names/classifications"
MEND = {
    None: "pages of other sites, and pages without an origin such as opened files, may link to this server's pages, "
    "but not send requests; serve the page from its own address and list that in server.origins",
    "https://evil.example": "pages of https://evil.example may link to this server's pages, but not send requests; to "
    "allow it, list that origin in server.origins, or in server.names the name that a proxy gives us",
}


def foreign(origin: str | None = None) -> tuple[int, str]:
    """Return status and detail of the refusal of a page."""
    return 403, MEND[origin]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:80",
        "192.168.7.7:8080",
        "[::1]:99",
        "localhost",
        "LocalHost:8080",
        "localhost.",
        "demo.localhost",
    ],
)
def test_addresses_and_names_of_this_machine_are_accepted(served: Served, host: str) -> None:
    assert served.client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"],
)
@pytest.mark.parametrize("path", ["/", "/api/cameras", "/nothing"])
def test_other_names_are_refused(served: Served, host: str, path: str) -> None:
    response = served.client.get(path, headers={"Host": host})
    assert problem(response) == (
        403,
        f"the Host header names {host.removesuffix(':8080')}, which this server does not answer to; if that is one of "
        "its names, add it to server.names",
    )


@pytest.mark.parametrize("host", ["user@127.0.0.1", "127.0.0.1/x", "[::1", "127.0.0.1:x", "127.0.0.1:0", "", "::"])
def test_a_malformed_name_is_refused(served: Served, host: str) -> None:
    response = served.client.get("/", headers={"Host": host})
    assert problem(response) == (403, f"the Host header {host} is neither a host name nor an address")


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
    for response in (
        served.client.post(PICTURE, content=encoded(), headers=headers),
        served.client.delete("/whep/still/x", headers=headers),
    ):
        status, detail = problem(response)
        assert (status, "server.origins" in detail) == (403, True)


def test_our_own_pages_and_programs_are_accepted(served: Served) -> None:
    own = str(served.client.base_url).rstrip("/")
    for headers in ({}, {"Origin": own}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert served.client.post(PICTURE, content=encoded(), headers=headers).status_code == 200


def test_another_site_may_link_to_the_pages_but_not_open_a_camera(served: Served) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/", "/run", "/docs", "/page/styles/page.css"):
        assert served.client.get(path, headers=link).status_code == 200
    before = served.client.get("/api/cameras/still").json()["counters"]["decoded"]
    for way in (
        link,
        {**link, "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ):
        assert problem(served.client.get("/api/cameras/still/image", headers=way)) == foreign()
    for way in ({"Origin": "https://evil.example"}, {**link, "Referer": "https://evil.example/page?a"}):
        response = served.client.get("/api/cameras/still/image", headers=way)
        assert problem(response) == foreign("https://evil.example")
    after = served.client.get("/api/cameras/still").json()
    assert (after["counters"]["decoded"], after["state"]) == (before, "idle")


def test_other_origins_cannot_read_responses(served: Served) -> None:
    for path in ("/", "/api/cameras", "/nothing", "/page/page.js"):
        headers = served.client.get(path, headers={"Origin": "https://evil.example"}).headers
        assert not [name for name in headers if name.startswith("access-control")]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
