"""Names of the server, and pages of other origins that may use it."""

from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers

from pipeline import ServerConfig
from server.http.access.site import PREFLIGHT, Site
from tests.server.served import CAMERAS, Served, problem, said

FRIEND = "https://dashboard.example.org"
IMAGE = "/api/cameras/still/image"
CROSS = {"Sec-Fetch-Site": "cross-site"}
SERVER = f'server: {{names: [cam.example.org, 192.0.2.80], origins: ["{FRIEND}", "http://10.0.0.5:8123"]}}\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("site"), CAMERAS + SERVER) as running:
        yield running


@pytest.mark.parametrize("host", ["cam.example.org", "CAM.example.org:8443", "cam.example.org."])
def test_declared_names_are_accepted(served: Served, host: str) -> None:
    assert served.client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_name_below_a_declared_one_is_refused(served: Served) -> None:
    status, detail = problem(served.client.get("/healthz", headers={"Host": "x.cam.example.org"}))
    assert (status, "server.names" in detail) == (403, True)


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://192.0.2.1:8080", "192.0.2.1:8080", True),
        ("https://cam.example.org", "cam.example.org:443", True),
        ("http://cam.example.org", "cam.example.org:80", True),
        ("https://[2001:db8::1]", "[2001:DB8::1]", True),
        # Behind nginx with its default Host.
        ("https://cam.example.org", "127.0.0.1:8080", True),
        ("http://192.0.2.80", "127.0.0.1:8080", True),
        # Another program of the same machine.
        ("https://cam.example.org:8443", "127.0.0.1:8080", False),
        ("http://127.0.0.1:3000", "127.0.0.1:8080", False),
        ("http://localhost", "127.0.0.1:8080", False),
        ("null", "127.0.0.1:8080", False),
        ("http://192.0.2.1", "", False),
    ],
)
def test_the_origin_of_our_own_pages(origin: str, host: str, own: bool) -> None:
    site = Site(ServerConfig(names=("cam.example.org", "192.0.2.80")))
    assert site.sender(Headers({"origin": origin, "host": host})).is_own is own


def test_scripts_of_an_allowed_page_may_read_responses(served: Served) -> None:
    response = served.client.get(IMAGE, headers={**CROSS, "Sec-Fetch-Mode": "cors", "Origin": FRIEND})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == FRIEND
    assert "X-Captured-At" in response.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in response.headers
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert response.headers["vary"] == "Accept, Origin"


def test_an_allowed_page_may_use_whep(served: Served) -> None:
    headers = {**CROSS, "Origin": FRIEND, "Content-Type": "application/sdp"}
    for method in ("POST", "PATCH", "DELETE"):
        preflight = {**CROSS, "Origin": FRIEND, "Access-Control-Request-Method": method}
        response = served.client.options("/whep/still", headers={**preflight, "Access-Control-Request-Headers": "a"})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (204, FRIEND)
        assert PREFLIGHT.items() <= {name.title(): value for name, value in response.headers.items()}.items()
    response = served.client.post("/whep/still", content="v=0", headers=headers)
    assert (problem(response)[0], response.headers["access-control-allow-origin"]) == (400, FRIEND)
    # Without tokens, the password for a proxy before us does not matter.
    assert problem(served.client.post("/whep/still", content="v=0", headers=headers, auth=("user", "b")))[0] == 400
    assert {"Location", "ETag", "Link", "Accept-Patch"} <= set(
        response.headers["access-control-expose-headers"].split(", ")
    )


def test_pictures_and_links_of_an_allowed_page_are_known_by_their_referer(served: Served) -> None:
    for mode in ("no-cors", "navigate"):
        sent = {**CROSS, "Sec-Fetch-Mode": mode, "Referer": "http://10.0.0.5:8123/lovelace?x=https://evil.example/"}
        response = served.client.get(IMAGE, headers=sent)
        assert (response.status_code, response.headers["cross-origin-resource-policy"]) == (200, "cross-origin")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://dashboard.example.org", f"{FRIEND}:444", f"{FRIEND}.evil.example", "null"],
)
def test_all_other_pages_are_refused(served: Served, origin: str) -> None:
    for method, headers in (
        ("OPTIONS", {"Access-Control-Request-Method": "POST"}),
        ("POST", {}),
        ("GET", {"Sec-Fetch-Mode": "cors"}),
    ):
        for site in ({}, CROSS):
            response = served.client.request(method, "/whep/still", headers={**site, **headers, "Origin": origin})
            status, detail = problem(response)
            assert (status, "server.origins" in detail) == (403, True)
            assert not [name for name in response.headers if name.startswith("access-control")]
            assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Referer": "http://evil.example/page?x=http://127.0.0.1/"}, 403),
        ({"Referer": "http://127.0.0.1:1/"}, 403),
        ({"Referer": "https://cam.example.org/"}, 200),
        ({"Referer": f"{FRIEND}/wall"}, 200),
        ({"Referer": "android-app://org.example"}, 200),
        ({"Referer": "http://["}, 200),
        ({}, 200),
    ],
)
def test_without_other_headers_the_referer_says_which_page_asks(
    served: Served, headers: dict[str, str], status: int
) -> None:
    """Over plain HTTP, browsers send no Sec-Fetch-Site, and no Origin with pictures. Before, these opened cameras."""
    assert served.client.get(IMAGE, headers=headers).status_code == status
    assert served.client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["http://[", "http://localhost:99999999", "http://\xff"])
def test_an_origin_that_cannot_be_read_is_foreign(served: Served, origin: str) -> None:
    """Before, it was answered with 500."""
    headers = {"Origin": origin.encode("latin-1")}
    assert served.client.get(IMAGE, headers=headers).status_code == 403  # type: ignore[arg-type]


def test_what_a_client_has_sent_is_shown_in_short_and_without_control_characters(served: Served) -> None:
    assert "a" * 100 + "..., which" in problem(served.client.get("/", headers={"Host": "a" * 500}))[1]
    answer = said(served, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: x\xc2\x9b2J\r\nConnection: close\r\n\r\n")
    assert b" 403 " in answer.partition(b"\r\n")[0]
    assert answer.decode().replace("\r\n", "").isprintable()


@pytest.mark.parametrize(
    ("headers", "proven"),
    [
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "referer": f"{FRIEND}/wall"}, True),
        ({"sec-fetch-site": "cross-site", "referer": "https://evil.example/"}, False),
        # Over plain HTTP browsers say less.
        ({}, False),
        ({"referer": "http://192.0.2.1:8080/"}, True),
        ({"referer": "http://192.0.2.1/"}, False),
        ({"referer": f"{FRIEND}/wall"}, True),
    ],
)
def test_a_page_starts_by_itself_only_if_no_other_site_can_have_opened_it(
    headers: dict[str, str], proven: bool
) -> None:
    site = Site(ServerConfig(origins=(FRIEND,)))
    assert site.sender(Headers({"host": "192.0.2.1:8080", **headers})).is_proven is proven


def test_allowed_origins_may_embed_the_pages(served: Served) -> None:
    policy = served.client.get("/").headers["content-security-policy"]
    assert policy.endswith(f"; frame-ancestors 'self' {FRIEND} http://10.0.0.5:8123")
