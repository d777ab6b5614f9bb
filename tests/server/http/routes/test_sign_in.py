"""Named tokens with rights and cameras, HTTP Basic, the cookie of browsers, and links."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator

import av
import httpx
import pytest

from server.core import Grants
from tests.streams.fakes import LoopbackViewer
from tests.websockets import TEXT, Refused, websocket

from ...conftest import check_threads, classifier, threads_now
from ...served import CAMERAS, Served, problem

ADMIN, GUEST, ROBOT, WRONG = "correct-horse-battery", "only-for-guests", "only-for-robots", "incorrect-horse"
SERVER = f"""
server:
  origins: ["http://panel.example"]
  tokens:
    - {ADMIN}
    - {{name: guest, token: {GUEST}, rights: [view], cameras: [still]}}
    - {{name: robot, token: {ROBOT}, rights: [predict]}}
"""
SDP = {"Content-Type": "application/sdp"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("named"), CAMERAS + SERVER, (classifier(),)) as running:
        yield running
    check_threads(before)


@pytest.fixture(autouse=True)
def no_cookies(served: Served) -> Iterator[None]:
    served.client.cookies.clear()
    served.running.backend.tokens._wrong.clear()
    yield
    served.client.cookies.clear()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def status(served: Served, method: str, path: str, token: str) -> int:
    return served.client.request(method, path, headers=bearer(token)).status_code


@pytest.mark.parametrize(
    ("method", "path", "guest", "robot"),
    [
        ("GET", "/api/cameras", 200, 403),
        ("GET", "/api/cameras/still", 200, 403),
        ("GET", "/api/cameras/still/image", 200, 403),
        ("PATCH", "/api/cameras/still/transforms/0", 403, 403),
        ("POST", "/api/reload", 403, 403),
        ("POST", "/api/check", 403, 403),
        ("POST", "/whep/still", 415, 403),
        ("OPTIONS", "/whep/still", 204, 204),
        ("DELETE", "/whep/still/x", 404, 403),
        ("POST", "/whip/still", 403, 403),
        ("GET", "/api/vision", 200, 200),
        ("POST", "/api/vision/names/classifications", 403, 415),
        ("GET", "/api/vision/names/classifications?camera=still", 403, 200),
        ("POST", "/v2/models/names/outputs", 403, 400),
        ("GET", "/openapi.json", 200, 200),
        ("GET", "/schema.json", 200, 200),
        ("POST", "/nothing", 403, 403),
        ("GET", "/nothing", 404, 404),
    ],
)
def test_each_request_needs_its_right(served: Served, method: str, path: str, guest: int, robot: int) -> None:
    assert (status(served, method, path, GUEST), status(served, method, path, ROBOT)) == (guest, robot)
    if path != "/api/reload":  # which would remove the service that this test has added
        assert status(served, method, path, ADMIN) not in (401, 403)


def test_the_error_names_the_right(served: Served) -> None:
    response = served.client.get("/api/cameras", headers=bearer(ROBOT))
    assert problem(response) == (403, "this token does not have the right view")
    assert "www-authenticate" not in response.headers


def test_a_token_for_some_cameras_reveals_no_others(served: Served) -> None:
    listed = served.client.get("/api/cameras", headers=bearer(GUEST)).json()
    assert [camera["name"] for camera in listed] == ["still"]
    paths = ("/api/cameras/{}", "/api/cameras/{}/image", "/whep/{}")
    for path in paths:
        method = "POST" if "whep" in path else "GET"
        for name in ("seen", "secret", "nowhere"):
            response = served.client.request(method, path.format(name), headers=bearer(GUEST))
            assert problem(response) == (403, f"this token does not allow camera '{name}'")
    assert len(served.client.get("/api/cameras", headers=bearer(ADMIN)).json()) == 4


def test_basic_is_accepted_with_any_user(served: Served) -> None:
    for user in ("", "admin", "x"):
        assert served.client.get("/api/cameras", auth=(user, ADMIN)).status_code == 200
        assert served.client.get("/api/cameras", auth=(user, WRONG)).status_code == 401
    assert served.client.get("/api/cameras/seen", auth=("x", GUEST)).status_code == 403


def test_ffmpeg_gets_in_with_a_password_in_the_address(served: Served) -> None:
    address = served.client.base_url
    with av.open(f"http://any:{GUEST}@{address.host}:{address.port}/api/cameras/still/image") as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (64, 48)
    with pytest.raises(av.HTTPUnauthorizedError):
        av.open(f"http://any:{WRONG}@{address.host}:{address.port}/api/cameras/still/image")


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({}, True),
        ({"X-Requested-With": "camweave"}, False),
        ({"Sec-Fetch-Dest": "document"}, True),
        ({"Sec-Fetch-Dest": "iframe"}, True),
        ({"Sec-Fetch-Dest": "image"}, True),
        ({"Sec-Fetch-Dest": "video"}, True),
        ({"Sec-Fetch-Dest": "empty"}, False),
        ({"Sec-Fetch-Dest": "script"}, False),
    ],
)
def test_browsers_ask_only_for_what_no_script_loads(served: Served, headers: dict[str, str], asked: bool) -> None:
    response = served.client.get("/api/cameras/still/image", headers=headers)
    expected = ["Bearer", *(['Basic realm="camweave", charset="UTF-8"'] if asked else [])]
    assert (response.status_code, response.headers.get_list("www-authenticate")) == (401, expected)


def signed_in(served: Served, token: str, **headers: str) -> httpx.Response:
    return served.client.post("/sign-in", json={"token": token}, headers=headers)


def test_signing_in_sets_a_cookie_that_is_enough_for_everything(served: Served) -> None:
    response = signed_in(served, GUEST)
    assert (response.status_code, response.content) == (204, b"")
    [cookie] = response.headers.get_list("set-cookie")
    name, _, rest = cookie.partition("=")
    value, *attributes = [part.strip().lower() for part in rest.split(";")]
    assert name == f"camweave-{served.running.backend.config.server.port}"
    assert set(attributes) == {"httponly", "max-age=2592000", "path=/", "samesite=strict"}
    assert GUEST not in cookie and len(value) < 200
    assert served.client.get("/api/cameras/still/image").status_code == 200
    assert served.client.get("/api/cameras/seen").status_code == 403
    assert served.client.post("/whep/still", headers=SDP, content="").status_code == 400
    assert served.client.get("/api/cameras", headers=bearer(WRONG)).status_code == 401, "a header counts first"
    assert served.client.get("/api/cameras/still", auth=("user", "of-a-proxy")).status_code == 200, "but not Basic"
    assert served.client.post("/sign-out").status_code == 204
    assert served.client.get("/api/cameras/still").status_code == 401


def test_wrong_sign_ins_are_refused_and_counted(served: Served) -> None:
    response = signed_in(served, WRONG, **{"X-Requested-With": "camweave"})
    assert problem(response)[0] == 401
    assert response.headers.get_list("www-authenticate") == ["Bearer"]
    assert "set-cookie" not in response.headers
    for _ in range(19):
        assert signed_in(served, WRONG).status_code == 401
    assert signed_in(served, WRONG).status_code == 429
    assert signed_in(served, ADMIN).status_code == 204


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        ('{"token": "correct-horse-battery"}', "text/plain", 415),
        ("token=correct-horse-battery", "application/x-www-form-urlencoded", 415),
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"token": 1}', "application/json", 400),
        ('{"token": ""}', "application/json", 401),
        ("[" * 9000, "application/json", 400),
        (f'{{"token": "{"x" * 10_000}"}}', "application/json", 413),
    ],
)
def test_other_bodies_do_not_sign_in(served: Served, content: str, kind: str, expected: int) -> None:
    response = served.client.post("/sign-in", content=content, headers={"Content-Type": kind})
    assert problem(response)[0] == expected
    assert "battery" not in response.text


def test_what_a_browser_adds_by_itself_lets_no_other_origin_change_anything(served: Served) -> None:
    assert signed_in(served, ADMIN).status_code == 204
    foreign = {"Origin": "http://panel.example", "Sec-Fetch-Site": "same-site", **SDP}
    cookie = served.client.post("/whep/still", headers=foreign)
    basic = served.client.post("/whep/still", headers=foreign, auth=("x", ADMIN))
    for response in (cookie, basic):
        code, detail = problem(response)
        assert (code, detail.split(" ", 3)[2]) == (403, "http://panel.example")
    assert served.client.post("/whep/still", headers=foreign | bearer(ADMIN), content="").status_code == 400
    own = {"Origin": served.running.urls[0].rstrip("/"), "Sec-Fetch-Site": "same-origin", **SDP}
    assert served.client.post("/whep/still", headers=own, content="").status_code == 400
    stranger = {"Origin": "http://evil.example", "Content-Type": "application/json"}
    assert served.client.post("/sign-in", json={"token": ADMIN}, headers=stranger).status_code == 403


def link_for(served: Served, camera: str, lasts_s: float = 60.0) -> str:
    tokens = served.running.backend.config.server.tokens
    return Grants(lambda: tokens).sign("link", tokens[0], camera, time.time() + lasts_s)


def exchanged(served: Served, link: str) -> httpx.Response:
    return served.client.post("/api/link", json={"link": link})


def test_a_link_lets_watch_one_camera_and_nothing_else(served: Served) -> None:
    link = link_for(served, "still")
    assert status(served, "GET", "/api/cameras/still", link) == 401, "a link is no token"
    response = exchanged(served, link)
    reply = response.json()
    assert response.status_code == 200 and reply["camera"] == "still"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", reply["expires_at"])
    assert "set-cookie" not in response.headers
    token = reply["token"]
    expected = {
        ("GET", "/api/cameras"): 200,
        ("GET", "/api/cameras/still/image"): 200,
        ("GET", "/api/cameras/seen"): 403,
        ("POST", "/whep/still"): 415,
        ("POST", "/whep/seen"): 403,
        ("POST", "/api/vision/names/classifications"): 403,
        ("PATCH", "/api/cameras/still/transforms/0"): 403,
        ("GET", "/api/vision"): 403,
        ("GET", "/metrics"): 403,
        ("GET", "/schema.json"): 403,
        ("GET", "/openapi.json"): 403,
        ("GET", "/watch/still"): 200,
    }
    assert {request: status(served, *request, token) for request in expected} == expected
    assert signed_in(served, token).status_code == 401


def test_links_that_are_wrong_or_old_are_refused(served: Served) -> None:
    assert problem(exchanged(served, link_for(served, "still", -1.0))) == (
        401,
        "the link has expired; ask for a new one",
    )
    assert problem(exchanged(served, f"{link_for(served, 'still')}x")) == (401, "the link is not valid")
    assert problem(exchanged(served, ADMIN))[0] == 401


async def offer() -> str:
    viewer = LoopbackViewer()
    sdp = await viewer.offer()
    await viewer.close()
    return sdp


def test_a_stream_of_a_link_ends_with_the_link(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Callable[[], str]] = {}
    backend = served.running.backend
    monkeypatch.setattr(backend.whep, "end_when", asked.__setitem__)
    sdp = asyncio.run(offer())
    token = exchanged(served, link_for(served, "still", 600.0)).json()["token"]
    created = served.client.post("/whep/still", content=sdp, headers=SDP | bearer(token))
    admitted = served.client.post("/whep/still", content=sdp, headers=SDP | bearer(GUEST))
    assert (created.status_code, admitted.status_code) == (201, 201)
    reasons = [asked[session.headers["location"].rpartition("/")[2]] for session in (created, admitted)]
    assert [reason() for reason in reasons] == ["", ""]
    monkeypatch.setattr(backend.tokens, "_now", lambda: time.time() + 601)
    assert [reason() for reason in reasons] == ["its permission has expired", ""], "a token does not expire"
    for session in (created, admitted):
        assert served.client.delete(session.headers["location"], headers=bearer(ADMIN)).status_code == 200


def test_a_picture_with_predictions_needs_the_right_to_view(served: Served) -> None:
    path = "/api/vision/names/classifications?camera=still"
    assert status(served, "GET", path, ROBOT) == 200
    response = served.client.get(f"{path}&return_image=true", headers=bearer(ROBOT))
    assert problem(response) == (403, "this token does not have the right view")
    assert "image" in served.client.get(f"{path}&return_image=true", headers=bearer(ADMIN)).json()


def test_the_cookie_covers_requests_for_websockets(served: Served) -> None:
    path = "/api/cameras/still/stream.mp4"
    with pytest.raises(Refused, match="401"), websocket(served.running.url, path):
        pass
    assert signed_in(served, GUEST).status_code == 204
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in served.client.cookies.items())}
    with websocket(served.running.url, path, cookie) as client:
        assert client.receive().opcode == TEXT
    with (
        pytest.raises(Refused, match="403"),
        websocket(served.running.url, path, cookie | {"Origin": "http://evil.example"}),
    ):
        pass
