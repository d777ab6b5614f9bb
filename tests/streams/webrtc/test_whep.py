from __future__ import annotations

import asyncio
import datetime
import json
import logging
import os
import re
import socket
import threading
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import numpy as np
import pytest
from aiortc import RTCCertificate
from av import VideoFrame
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from cameras import BoundingBox, Detection
from pipeline import Config, ServerConfig, StreamConfig
from pipeline.config.declarations.server import IceConfig
from streams import (
    Deadlines,
    EtagMismatch,
    IceRestart,
    InvalidSdp,
    NoConnection,
    NothingInCommon,
    SdpTooLong,
    TooManyOffers,
    TooManyPeers,
    UnknownCamera,
    UnknownSession,
    ViewingError,
    WhepSessions,
)
from streams.webrtc.connection import Connection
from tests.fakes import no_collection
from tests.streams.fakes import FakeGraph, Feeding, LoopbackViewer, fake_graph, picture

pytestmark = pytest.mark.anyio

HOST_CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host")


@asynccontextmanager
async def serving(
    *cameras: str,
    config: ServerConfig | None = None,
    deadlines: Deadlines | None = None,
    stream: StreamConfig | None = None,
    private: bool = False,
) -> AsyncIterator[tuple[WhepSessions, FakeGraph]]:
    """Yield the sessions of cameras that the test feeds; afterwards no task, socket or thread of them may be left."""
    before, sockets = asyncio.all_tasks(), open_sockets()
    with fake_graph(*cameras, stream=stream, private=private) as graph:
        graph.config = Config({}, {}, config or ServerConfig())
        streams = WhepSessions(graph, graph.pool, deadlines=deadlines)
        try:
            yield streams, graph
        finally:
            await streams.close()
            await asyncio.to_thread(graph.pool.close)
            assert asyncio.all_tasks() <= before
            await asyncio.sleep(0)  # a closed transport closes its socket in the next turn of the loop
            assert open_sockets() <= sockets
            assert not [t.name for t in threading.enumerate() if t.name.startswith("encoder")]


def open_sockets() -> int:
    """Return the number of open sockets of this process."""
    names = (os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if os.path.lexists(entry.path))
    return sum(name.startswith("socket:") for name in names)


async def refused(streams: WhepSessions, sdp: str, camera: str = "porch") -> tuple[type[ViewingError], str]:
    with pytest.raises(ViewingError) as caught:
        await streams.offer(camera, sdp)
    return type(caught.value), caught.value.detail


@asynccontextmanager
async def viewing(viewer: LoopbackViewer) -> AsyncIterator[LoopbackViewer]:
    try:
        yield viewer
    finally:
        await viewer.close()


@pytest.mark.parametrize(("codec", "expected"), [("h264", "h264"), ("vp8", "vp8"), (None, "h264")])
async def test_a_viewer_sees_the_camera(codec: str | None, expected: str) -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer(codec)) as viewer:
        session = await streams.offer("porch", await viewer.offer())
        await viewer.accept(session.sdp)
        feeding = Feeding(graph.cameras["porch"])
        frame = await viewer.frame()
        assert np.abs(frame.to_ndarray(format="rgb24")[60, 80].astype(int) - (0, 255, 0)).max() <= 4
        (shown,) = streams.sessions("porch")
        assert shown.keys() == {"id", "kind", "codec", "rung", "annotations", "bitrate", "loss", "rtt_ms"}
        assert (shown["id"], shown["codec"], shown["rung"], shown["annotations"]) == (
            session.id,
            expected,
            "160x120",
            False,
        )
        assert streams.traffic("porch")["webrtc"].packets > 0
        (encoder,) = graph.pool.encoders("porch")
        assert (encoder["codec"], encoder["rung"], encoder["annotations"]) == (expected, "160x120", False)
        assert len(streams.sessions("porch")) == 1
        await feeding.stop()
        await streams.delete(session.secret)
        assert (len(streams.sessions("porch")), streams.sessions("porch"), graph.pool.encoders("porch")) == (0, [], [])
        sent = streams.traffic("porch")["webrtc"]
        assert sent.size > sent.packets > 0, "those who have left still count"
        assert streams.traffic("door") == {}
        with pytest.raises(UnknownSession):
            await streams.delete(session.secret)


async def test_a_session_that_has_ended_is_freed_without_the_garbage_collector() -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer()) as viewer:
        answer = await streams.offer("porch", await viewer.offer())
        await viewer.accept(answer.sdp)
        feeding = Feeding(graph.cameras["porch"])
        await viewer.frame()
        with no_collection():
            session = weakref.ref(streams._sessions[answer.secret])
            await streams.delete(answer.secret)
            await feeding.stop()
            assert session() is None


async def test_two_viewers_share_one_encoder_and_another_codec_has_its_own() -> None:
    async with serving("porch") as (streams, graph):
        viewers = [LoopbackViewer(codec) for codec in ("h264", "h264", "vp8")]
        for viewer in viewers:
            await viewer.accept((await streams.offer("porch", await viewer.offer())).sdp)
        feeding = Feeding(graph.cameras["porch"])
        for viewer in viewers:
            await viewer.frame()
        assert [encoder["codec"] for encoder in graph.pool.encoders("porch")] == ["h264", "vp8"]
        assert len(streams.sessions("porch")) == 3
        assert graph.cameras["porch"].opened == 1
        await feeding.stop()
        for viewer in viewers:
            await viewer.close()


async def test_a_late_viewer_gets_a_picture_without_a_new_frame() -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer()) as first:
        await first.accept((await streams.offer("porch", await first.offer())).sdp)
        feeding = Feeding(graph.cameras["porch"])
        await first.frame()
        await feeding.stop()
        async with viewing(LoopbackViewer()) as late:
            await late.accept((await streams.offer("porch", await late.offer())).sdp)
            await late.connected.wait()
            assert (await picture_on_demand(late)).width == 160


async def picture_on_demand(viewer: LoopbackViewer) -> VideoFrame:
    """Request key frames until a picture comes, as browsers do without a picture.

    One is not enough: aiortc delivers a picture when the next one begins.
    """
    async with asyncio.timeout(20):
        while True:
            await viewer.transceiver.receiver._send_rtcp_pli(ssrc_of(viewer))
            try:
                async with asyncio.timeout(0.5):
                    return await viewer.frame()
            except TimeoutError:
                continue


def ssrc_of(viewer: LoopbackViewer) -> int:
    """Return the SSRC of the stream that the viewer receives."""
    found = re.search(r"m=video.*?a=ssrc:(\d+)", viewer.connection.remoteDescription.sdp, re.DOTALL)
    assert found is not None
    return int(found[1])


async def test_a_request_for_a_key_frame_reaches_the_encoder() -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer()) as viewer:
        await viewer.accept((await streams.offer("porch", await viewer.offer())).sdp)
        feeding = Feeding(graph.cameras["porch"])
        await viewer.frame()
        before = graph.pool.encoders("porch")[0]["key_frames"]
        await viewer.transceiver.receiver._send_rtcp_pli(ssrc_of(viewer))
        async with asyncio.timeout(10):
            while not (await viewer.frame()).key_frame or graph.pool.encoders("porch")[0]["key_frames"] == before:
                pass
        await feeding.stop()


def certificate_with_rsa() -> RTCCertificate:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "viewer")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    certificate = RsaCertificate(cast(ec.EllipticCurvePrivateKey, key), builder.sign(key, hashes.SHA256()))
    return certificate


class RsaCertificate(RTCCertificate):
    """The RSA certificate of a viewer, as GStreamer has one."""

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> Any:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256")
        return context


async def test_a_viewer_with_an_rsa_certificate_is_accepted() -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer(None, certificate_with_rsa())) as viewer:
        await viewer.accept((await streams.offer("porch", await viewer.offer())).sdp)
        feeding = Feeding(graph.cameras["porch"])
        assert (await viewer.frame()).width == 160
        await feeding.stop()


async def test_audio_is_answered_inactive() -> None:
    async with serving("porch") as (streams, _), viewing(LoopbackViewer(audio=True)) as viewer:
        session = await streams.offer("porch", await viewer.offer())
        audio = session.sdp.split("m=audio")[1].split("m=")[0]
        assert "a=inactive" in audio
        assert " UDP/TLS/RTP/SAVPF 96\r\n" in audio and "a=rtpmap:96 opus/48000/2" in audio
        await viewer.accept(session.sdp)
        async with asyncio.timeout(10):
            await viewer.connected.wait()


async def test_a_data_channel_line_is_tolerated() -> None:
    async with serving("porch") as (streams, _), viewing(LoopbackViewer()) as viewer:
        viewer.connection.createDataChannel("predictions")
        await viewer.accept((await streams.offer("porch", await viewer.offer())).sdp)
        async with asyncio.timeout(10):
            await viewer.connected.wait()


async def test_predictions_arrive_on_the_data_channel_that_the_viewer_opens() -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer()) as viewer:
        messages: asyncio.Queue[str] = asyncio.Queue()
        channel = viewer.connection.createDataChannel("predictions", ordered=False, maxRetransmits=0)
        channel.on("message", messages.put_nowait)
        session = await streams.offer("porch", await viewer.offer(), annotations=False)
        await viewer.accept(session.sdp)
        found = [Detection("dog", 0.5, box=BoundingBox(0.25, 0.25, 0.5, 0.5))]
        # One frame, as of a still picture: it is sent before the channel is open.
        graph.cameras["porch"].give(picture(0).with_annotations(found, new_result=True))
        told = json.loads(await messages.get())
        assert (told["sequence"], told["new_result"], told["predictions"][0]["class_name"]) == (0, True, "dog")
        first = told["rtp_timestamp"]
        for number in range(1, 4):
            graph.cameras["porch"].give(picture(number).with_annotations(found if number < 3 else ()))
            told = json.loads(await messages.get())
            assert (told["sequence"], len(told["predictions"])) == (number, int(number < 3))
            assert (told["rtp_timestamp"] - first) % 2**32 == number * 3000
        with no_collection():
            ended = weakref.ref(streams._sessions[session.secret])
            await streams.delete(session.secret)
            assert ended() is None


async def test_the_answer_has_the_candidates_of_the_configured_addresses_only() -> None:
    config = ServerConfig.model_validate(
        {"ice": {"addresses": ["127.0.0.1"], "advertise": ["203.0.113.7"], "udp_ports": free_range()}}
    )
    async with serving("porch", config=config) as (streams, _), viewing(LoopbackViewer()) as viewer:
        session = await streams.offer("porch", await viewer.offer())
        candidates = HOST_CANDIDATE.findall(session.sdp)
        assert [address for address, _ in candidates] == ["127.0.0.1", "203.0.113.7"]
        assert len({port for _, port in candidates}) == 1
        ports = config.ice.udp_ports
        assert ports is not None and ports.first <= int(candidates[0][1]) <= ports.last
        assert "a=end-of-candidates" in session.sdp


async def test_a_viewer_that_is_connected_is_pending_no_longer() -> None:
    config = ServerConfig.model_validate({"limits": {"pending_offers": 1, "viewers": 2}})
    async with serving("porch", config=config) as (streams, graph), viewing(LoopbackViewer()) as viewer:
        session = await streams.offer("porch", await viewer.offer(), client="10.0.0.1")
        with pytest.raises(TooManyOffers):
            streams.require_place("porch", "10.0.0.2")
        with pytest.raises(TooManyOffers):
            await streams.offer("porch", await viewer.offer(), client="10.0.0.2")
        await viewer.accept(session.sdp)
        feeding = Feeding(graph.cameras["porch"])
        await viewer.frame()
        await feeding.stop()
        second = await streams.offer("porch", await viewer.offer(), client="10.0.0.2")
        with pytest.raises(TooManyPeers):
            streams.require_place("porch", "10.0.0.3")
        await streams.delete(second.secret)
        streams.require_place("porch", "10.0.0.3")


async def test_an_offer_that_fails_gives_its_place_back() -> None:
    config = ServerConfig.model_validate({"limits": {"pending_offers": 1}})
    async with serving("porch", config=config) as (streams, _):
        for _attempt in range(2):
            assert (await refused(streams, "v=0"))[0] is InvalidSdp


async def test_an_offer_without_a_free_port_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        config = ServerConfig.model_validate({"ice": {"udp_ports": f"{port}-{port}"}})
        async with serving("porch", config=config) as (streams, graph), viewing(LoopbackViewer()) as viewer:
            assert await refused(streams, await viewer.offer()) == (
                NoConnection,
                "no UDP port is free for another connection",
            )
            assert graph.pool.encoders("porch") == []


def free_range() -> str:
    """Return a range of ten ports; the first one was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = min(probe.getsockname()[1], 65_000)
    return f"{port}-{port + 9}"


async def test_an_answer_takes_less_than_50_ms() -> None:
    async with serving("porch") as (streams, _):
        took = []
        for _ in range(5):
            async with viewing(LoopbackViewer()) as viewer:
                offer = await viewer.offer()
                began = time.perf_counter()
                session = await streams.offer("porch", offer)
                took.append(time.perf_counter() - began)
                await streams.delete(session.secret)
        assert min(took) < 0.05


async def test_refused_offers_release_everything() -> None:
    async with serving("porch", stream=StreamConfig(codecs=("h264",))) as (streams, graph):
        async with viewing(LoopbackViewer("vp8")) as viewer:
            assert await refused(streams, await viewer.offer()) == (
                NothingInCommon,
                "no common codec: this camera streams h264",
            )
        async with viewing(LoopbackViewer()) as viewer:
            assert await refused(streams, await viewer.offer(), "door") == (UnknownCamera, "there is no camera 'door'")
        assert (await refused(streams, "v=0\r\nnonsense"))[0] is InvalidSdp
        assert len(streams.sessions("porch")) == 0
        assert graph.pool.encoders("porch") == []


async def test_a_private_camera_is_unknown_to_viewers() -> None:
    async with serving("porch", private=True) as (streams, _), viewing(LoopbackViewer()) as viewer:
        assert await refused(streams, await viewer.offer()) == (UnknownCamera, "there is no camera 'porch'")


async def test_fragments() -> None:
    async with serving("porch") as (streams, _), viewing(LoopbackViewer()) as viewer:
        offer = await viewer.offer()
        without = "\r\n".join(line for line in offer.splitlines() if not line.startswith("a=candidate:")) + "\r\n"
        session = await streams.offer("porch", without)
        candidate = next(line for line in offer.splitlines() if line.startswith("a=candidate:"))
        ufrag = next(line for line in offer.splitlines() if line.startswith("a=ice-ufrag:"))

        async def refusal(
            body: str, if_match: str | None = None, secret: str = session.secret
        ) -> type[ViewingError] | None:
            try:
                await streams.patch(secret, body, if_match)
            except ViewingError as error:
                return type(error)
            return None

        assert await refusal("") is None
        assert await refusal(f"{ufrag}\r\na=mid:0\r\n{candidate}\r\na=end-of-candidates\r\n") is None
        assert await refusal("a=candidate:1 1 udp 1 x.local 5 typ host\r\n") is None
        assert await refusal(candidate, session.etag) is None
        assert await refusal(candidate, "*") is None
        assert await refusal(candidate, '"other"') is EtagMismatch
        assert await refusal(candidate, f'"other", {session.etag}') is None
        assert await refusal("a=ice-ufrag:other\r\na=ice-pwd:0123456789012345678901\r\n") is IceRestart
        assert await refusal(f"{ufrag}\r\na=ice-pwd:0123456789012345678901\r\n") is IceRestart
        assert await refusal("a=candidate:nonsense") is InvalidSdp
        assert await refusal("nonsense") is InvalidSdp
        assert await refusal("a=x:" + "y" * 70_000) is SdpTooLong
        assert await refusal("", None, "unknown") is UnknownSession
        await viewer.accept(session.sdp)
        async with asyncio.timeout(10):
            await viewer.connected.wait()


async def test_session_names_are_secret_and_unique() -> None:
    async with serving("porch") as (streams, _), viewing(LoopbackViewer()) as viewer:
        offer = await viewer.offer()
        sessions = [await streams.offer("porch", offer) for _ in range(3)]
        assert len({s.secret for s in sessions} | {s.id for s in sessions}) == 6
        assert all(len(s.secret) >= 22 for s in sessions), "128 bits"
        assert not any(s.secret in str(streams.sessions("porch")) for s in sessions)


async def test_a_viewer_that_never_connects_is_dropped() -> None:
    deadlines = Deadlines(connect_s=0.05, check_s=0.01)
    async with serving("porch", deadlines=deadlines) as (streams, graph), viewing(LoopbackViewer()) as viewer:
        session = await streams.offer("porch", await viewer.offer())
        async with asyncio.timeout(10):
            await streams.wait_closed(session.secret)
        assert len(streams.sessions("porch")) == 0
        assert graph.pool.encoders("porch") == []
        assert not graph.feeds["porch"].watched


async def test_a_viewer_that_vanishes_is_dropped() -> None:
    deadlines = Deadlines(silence_s=0.1, check_s=0.01)
    async with serving("porch", deadlines=deadlines) as (streams, _):
        viewer = LoopbackViewer()
        session = await streams.offer("porch", await viewer.offer())
        await viewer.accept(session.sdp)
        async with asyncio.timeout(10):
            # aiortc sends one report a second, so with a limit of 0.1 s even a live viewer counts as vanished.
            await streams.wait_closed(session.secret)
        assert len(streams.sessions("porch")) == 0
        await viewer.close()


async def test_a_viewer_that_hangs_up_is_removed_at_once() -> None:
    async with serving("porch") as (streams, graph):
        viewer = LoopbackViewer()
        session = await streams.offer("porch", await viewer.offer())
        await viewer.accept(session.sdp)
        feeding = Feeding(graph.cameras["porch"])
        await viewer.frame()
        await feeding.stop()
        await viewer.close()
        async with asyncio.timeout(5):
            await streams.wait_closed(session.secret)


@pytest.mark.parametrize("end", ["end", "end_watches"])
async def test_a_viewer_is_dropped_when_its_camera_ends_or_becomes_private(end: str) -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer()) as viewer:
        session = await streams.offer("porch", await viewer.offer())
        await viewer.accept(session.sdp)
        feeding = Feeding(graph.cameras["porch"])
        await viewer.frame()
        await feeding.stop()
        getattr(graph.feeds["porch"], end)()
        async with asyncio.timeout(10):
            await streams.wait_closed(session.secret)
        assert streams.sessions("porch") == []
        assert graph.pool.encoders("porch") == []


async def test_a_camera_that_becomes_private_while_an_offer_is_answered_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer()) as viewer:
        answer = Connection.answer

        async def meanwhile(connection: Connection) -> str:
            made = await answer(connection)
            graph.exchange("porch", private=True)
            return made

        monkeypatch.setattr(Connection, "answer", meanwhile)
        assert await refused(streams, await viewer.offer()) == (UnknownCamera, "there is no camera 'porch'")
        assert streams.sessions("porch") == []
        assert not graph.feeds["porch"].watched


async def test_each_offer_uses_the_current_ice_configuration() -> None:
    async with serving("porch") as (streams, graph), viewing(LoopbackViewer()) as viewer:
        offer = await viewer.offer()
        before = await streams.offer("porch", offer)
        graph.config = Config({}, {}, ServerConfig(ice=IceConfig(advertise=("192.0.2.7",))))
        after = await streams.offer("porch", offer)
        assert [{found[0] for found in HOST_CANDIDATE.findall(each.sdp)} for each in (before, after)] == [
            {"127.0.0.1"},
            {"127.0.0.1", "192.0.2.7"},
        ]


@pytest.mark.parametrize(("ladder", "said"), [("auto", 1), ("never", 0)])
async def test_a_move_is_said_only_where_there_is_another_rung(
    ladder: Literal["auto", "never"], said: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving("porch", stream=StreamConfig(ladder=ladder)) as (streams, _):
        async with viewing(LoopbackViewer()) as viewer:
            answer = await streams.offer("porch", await viewer.offer())
            caplog.set_level(logging.INFO, "streams")
            streams._sessions[answer.secret]._sender._move(True)
            assert len([text for text in caplog.messages if "its network suits a smaller picture" in text]) == said


async def test_offers_after_close_are_refused() -> None:
    async with serving("porch") as (streams, _), viewing(LoopbackViewer()) as viewer:
        offer = await viewer.offer()
        await streams.offer("porch", offer)
        await streams.close()
        await streams.close()
        assert await refused(streams, offer) == (NoConnection, "the server is shutting down")
