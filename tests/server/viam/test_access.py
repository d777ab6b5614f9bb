"""Viam's clients on a server with tokens: the token is their API key, and its rights hold for their calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest
from grpclib import GRPCError, Status
from viam.proto.robot import ResourceNamesRequest, RobotServiceStub
from viam.proto.rpc.auth import AuthenticateRequest, AuthServiceStub
from viam.proto.rpc.auth import Credentials as PbCredentials
from viam.robot.client import RobotClient
from viam.rpc.dial import Credentials, DialOptions

from server.core import TRIES
from tests.certificates import certificate

from ..conftest import check_threads, classifier, detector, threads_now
from ..served import Served, encoded
from .clients import TEXT, Ask, Clients, clients, port_of

ADMIN, GUEST, ROBOT = "correct-horse-battery", "only-for-guests", "only-for-robots"
TOKENS = f"""
  tokens:
    - {ADMIN}
    - {{name: guest, token: {GUEST}, rights: [view], cameras: [still]}}
    - {{name: robot, token: {ROBOT}, rights: [predict], cameras: [still]}}
"""
WITH_TOKENS = TEXT.replace("server: {viam: {port: 0}}\n", f"server:\n  viam: {{port: 0}}{TOKENS}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("viam"), WITH_TOKENS, services=(classifier(), detector())) as running:
        yield running
    check_threads(before)


@pytest.fixture(autouse=True)
def no_wrong_tokens(request: pytest.FixtureRequest) -> None:
    if "served" in request.fixturenames:
        request.getfixturevalue("served").running.backend.tokens._wrong.clear()


async def status_of(call: Awaitable[Any]) -> Status:
    try:
        await call
    except GRPCError as error:
        return error.status
    return Status.OK


def outcome(served: Served, authorization: str | None, ask: Ask) -> Status:
    """Return the status of one call with this metadata."""

    async def main() -> Status:
        async with clients(served) as there:
            send, metadata = there.channel.request, {} if authorization is None else {"authorization": authorization}

            def with_token(*arguments: Any, **options: Any) -> Any:
                return send(*arguments, **{**options, "metadata": metadata})

            there.channel.request = with_token  # type: ignore[method-assign]
            return await status_of(ask(there))

    return asyncio.run(main())


async def images(there: Clients) -> Any:
    return await there.camera("still").get_images()


async def other_images(there: Clients) -> Any:
    return await there.camera("seen").get_images()


async def classify(there: Clients) -> Any:
    return await there.classify("names", encoded())


async def classify_other(there: Clients) -> Any:
    return await there.vision("names").get_classifications_from_camera("seen", 1)


def authenticated(served: Served, key: str) -> Status:
    """Return the status of the exchange of an API key, with which every connection of the SDK begins."""

    async def main() -> Status:
        async with clients(served) as there:
            request = AuthenticateRequest(entity="anyone", credentials=PbCredentials(type="api-key", payload=key))
            return await status_of(AuthServiceStub(there.channel).Authenticate(request))

    return asyncio.run(main())


def test_wrong_api_keys_are_refused_and_counted_and_a_valid_one_never(served: Served) -> None:
    found = [authenticated(served, "incorrect-horse") for _ in range(TRIES + 1)]
    assert found == [Status.UNAUTHENTICATED] * TRIES + [Status.RESOURCE_EXHAUSTED]
    assert authenticated(served, "") is Status.UNAUTHENTICATED
    assert authenticated(served, ADMIN) is Status.OK


def test_the_token_of_a_link_gets_only_pictures_of_its_camera(served: Served) -> None:
    tokens = served.running.backend.tokens
    link = tokens._grants.sign("link", served.running.backend.config.server.tokens[0], "still", time.time() + 60)
    token, _ = tokens.exchange(link, "127.0.0.1")

    async def resources(there: Clients) -> Any:
        return await RobotServiceStub(there.channel).ResourceNames(ResourceNamesRequest())

    assert outcome(served, token, images) is Status.OK
    for ask in (other_images, classify, resources):
        assert outcome(served, token, ask) is Status.PERMISSION_DENIED
    assert outcome(served, GUEST, resources) is Status.OK


async def capture(there: Clients) -> Any:
    return await there.vision("names").capture_all_from_camera("still", return_classifications=True)


async def capture_picture(there: Clients) -> Any:
    return await there.vision("names").capture_all_from_camera("still", return_image=True)


@pytest.mark.parametrize(
    ("ask", "guest", "robot"),
    [
        (capture, Status.PERMISSION_DENIED, Status.OK),
        (capture_picture, Status.PERMISSION_DENIED, Status.PERMISSION_DENIED),
        (images, Status.OK, Status.PERMISSION_DENIED),
        (other_images, Status.PERMISSION_DENIED, Status.PERMISSION_DENIED),
        (classify, Status.PERMISSION_DENIED, Status.OK),
        (classify_other, Status.PERMISSION_DENIED, Status.PERMISSION_DENIED),
    ],
)
def test_each_call_needs_its_right_and_its_camera(served: Served, ask: Ask, guest: Status, robot: Status) -> None:
    assert outcome(served, f"Bearer {ADMIN}", ask) is Status.OK
    assert (outcome(served, f"Bearer {GUEST}", ask), outcome(served, f"Key {ROBOT}", ask)) == (guest, robot)
    for wrong in (None, "Bearer", "Bearer incorrect-horse"):
        assert outcome(served, wrong, ask) is Status.UNAUTHENTICATED


def test_without_a_token_no_call_reaches_a_camera(served: Served) -> None:
    for ask in (images, classify, lambda there: there.get_image("still")):
        assert outcome(served, None, ask) is Status.UNAUTHENTICATED
    assert not served.running.graph.feeds["still"].watched


def test_the_sdk_connects_over_tls_with_a_token_as_api_key_and_sees_its_cameras(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    text = WITH_TOKENS + f"  tls: {{cert: {cert}, key: {key}}}\n"  # the SDK sends credentials only over TLS

    async def names(served: Served, token: str) -> list[str]:
        dial = DialOptions(disable_webrtc=True, credentials=Credentials("api-key", token), auth_entity="anyone")
        client = await RobotClient.at_address(f"localhost:{port_of(served)}", RobotClient.Options(dial_options=dial))
        found = sorted(name.name for name in client.resource_names if name.subtype == "camera")
        lost = asyncio.Event()
        protocol: Any = client._channel._protocol
        ended = protocol.connection_lost

        def connection_lost(error: BaseException | None) -> None:
            ended(error)
            lost.set()

        protocol.connection_lost = connection_lost
        await client.close()  # type: ignore[no-untyped-call]
        await lost.wait()  # TLS closes a connection in several steps, for which the SDK does not wait
        return found

    with Served(tmp_path, text, services=(classifier(), detector()), verify=cert) as served:
        assert asyncio.run(names(served, ADMIN)) == ["gone", "lens", "seen", "still"]
        assert asyncio.run(names(served, GUEST)) == ["still"]


def test_the_log_says_when_the_sdk_cannot_send_its_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for text, expected in ((TEXT, False), (WITH_TOKENS, True)):
        caplog.clear()
        with Served(tmp_path, text, services=(classifier(), detector())):
            assert ("sends tokens over TLS only" in caplog.text) is expected
