"""The WHEP endpoints."""

import asyncio
import random
from collections.abc import Iterator

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from ...served import Served, problem

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


@pytest.fixture(scope="module")
def offer() -> str:
    async def make() -> str:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.addTransceiver("video", direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        sdp: str = connection.localDescription.sdp
        await connection.close()
        return sdp

    return asyncio.run(make())


@pytest.fixture
def session(served: Served, offer: str) -> Iterator[tuple[str, str]]:
    """The URL and the ETag of a session."""
    response = served.client.post("/whep/still", content=offer, headers=SDP)
    location = response.headers["location"]
    yield location, response.headers["etag"]
    served.client.delete(location)


def test_an_offer_is_answered_with_a_session(served: Served, offer: str) -> None:
    response = served.client.post("/whep/seen?annotations=false", content=offer, headers=SDP)
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/sdp"
    assert response.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
    assert response.headers["etag"].startswith('"')
    assert response.text.startswith("v=0")
    assert "a=candidate:" in response.text
    location = response.headers["location"]
    assert location.startswith("/whep/seen/")
    camera = served.client.get("/api/cameras/seen").json()
    assert camera["viewers"] == 1
    assert camera["sessions"][0]["id"] not in location
    assert camera["encoders"][0]["annotations"] is False
    assert served.client.delete(location).status_code == 200
    assert problem(served.client.delete(location)) == (404, "there is no such session")
    assert served.client.get("/api/cameras/seen").json()["viewers"] == 0


def test_the_type_of_an_offer_may_have_parameters(served: Served, offer: str) -> None:
    headers = {"Content-Type": "Application/SDP; charset=utf-8"}
    response = served.client.post("/whep/still", content=offer, headers=headers)
    assert response.status_code == 201
    served.client.delete(response.headers["location"])


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "application/sdpx"}])
def test_another_content_type_is_refused(served: Served, offer: str, headers: dict[str, str]) -> None:
    response = served.client.post("/whep/still", content=offer, headers=headers)
    assert problem(response) == (415, "the body must be application/sdp")
    assert response.headers["accept-post"] == "application/sdp"


@pytest.mark.parametrize("content", [b"", b"v=0", b"hello", b"\xff\xfe", b"v=0\r\nm=video\r\n", b"\0" * 100])
def test_a_body_that_is_not_sdp_is_refused(served: Served, content: bytes) -> None:
    assert problem(served.client.post("/whep/still", content=content, headers=SDP))[0] == 400


def test_an_offer_without_video_is_refused(served: Served, offer: str) -> None:
    response = served.client.post(
        "/whep/still", content=offer.replace("H264", "H999").replace("VP8", "VP7"), headers=SDP
    )
    assert problem(response)[0] == 406


def test_an_offer_that_is_too_long_is_refused(served: Served) -> None:
    response = served.client.post("/whep/still", content=b"v=0\r\n" + b"a=x\r\n" * 20_000, headers=SDP)
    assert problem(response) == (413, "an offer must be under 64 kB")


@pytest.mark.parametrize("name", ["unknown", "secret"])
def test_an_unknown_camera_cannot_be_watched(served: Served, offer: str, name: str) -> None:
    wanted = (404, f"there is no camera '{name}'")
    client = served.client
    assert problem(client.post(f"/whep/{name}", content=offer, headers=SDP)) == wanted
    assert problem(client.options(f"/whep/{name}")) == wanted
    assert problem(client.delete(f"/whep/{name}/x")) == wanted
    assert problem(client.patch(f"/whep/{name}/x")) == wanted


def test_options_name_the_accepted_type(served: Served) -> None:
    response = served.client.options("/whep/still")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["accept-post"] == "application/sdp"


def test_get_on_a_session_is_not_allowed(served: Served, session: tuple[str, str]) -> None:
    for path, allowed in (("/whep/still", "OPTIONS, POST"), (session[0], "DELETE, OPTIONS, PATCH")):
        response = served.client.get(path)
        assert problem(response) == (405, f"GET is not allowed here, only {allowed}")
        assert response.headers["allow"] == allowed


def test_a_patch_with_candidates_is_accepted(served: Served, session: tuple[str, str]) -> None:
    location, tag = session
    candidate = "a=mid:0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
    for headers in (FRAGMENT, {**FRAGMENT, "If-Match": tag}, {**FRAGMENT, "If-Match": "*"}):
        response = served.client.patch(location, content=candidate, headers=headers)
        assert (response.status_code, response.content) == (204, b"")


def test_an_empty_patch_succeeds(served: Served, session: tuple[str, str]) -> None:
    location, tag = session
    assert served.client.patch(location, headers={"ETag": tag}).status_code == 204
    assert served.client.patch(location, content=b"", headers=FRAGMENT).status_code == 204


def test_invalid_patches_are_refused(served: Served, session: tuple[str, str]) -> None:
    location, _ = session
    restart = "a=ice-ufrag:new\r\na=ice-pwd:0123456789012345678901\r\n"
    client = served.client
    assert problem(client.patch(location, content=restart, headers=FRAGMENT))[0] == 422
    assert problem(client.patch(location, content="a=mid:0", headers={**FRAGMENT, "If-Match": '"old"'}))[0] == 412
    assert problem(client.patch(location, content="a=mid:0", headers=SDP)) == (
        415,
        "the body must be application/trickle-ice-sdpfrag",
    )
    assert problem(client.patch(location, content="what", headers=FRAGMENT))[0] == 400
    assert problem(client.patch("/whep/still/unknown", content="a=mid:0", headers=FRAGMENT)) == (
        404,
        "there is no such session",
    )


def test_a_session_is_found_under_its_own_camera_only(served: Served, session: tuple[str, str]) -> None:
    elsewhere = session[0].replace("/still/", "/seen/")
    assert problem(served.client.patch(elsewhere, content=b"", headers=FRAGMENT)) == (404, "there is no such session")
    assert problem(served.client.delete(elsewhere)) == (404, "there is no such session")
    assert served.client.patch(session[0], content=b"", headers=FRAGMENT).status_code == 204


def test_malformed_offers_do_not_affect_the_server(served: Served, offer: str) -> None:
    random_ = random.Random(11)
    whole = offer.split("\r\n")
    for number in range(60):
        lines = list(whole)
        for _ in range(random_.randint(1, 6)):
            place = random_.randrange(len(lines))
            match random_.randrange(4):
                case 0:
                    del lines[place]
                case 1:
                    lines.insert(place, random_.choice(whole))
                case 2:
                    lines[place] = lines[place][: random_.randint(0, len(lines[place]))]
                case _:
                    letters = [*lines[place], "x"]
                    letters[random_.randrange(len(letters))] = chr(random_.randrange(1, 0x250))
                    lines[place] = "".join(letters)
        content = "\r\n".join(lines).encode()
        response = served.client.post("/whep/still", content=content, headers=SDP)
        assert response.status_code in (201, 400, 406, 413), (number, response.text, content)
        if response.status_code == 201:
            assert served.client.delete(response.headers["location"]).status_code in (200, 404)
