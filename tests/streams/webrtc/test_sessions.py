"""What sessions of every protocol share, with a second kind beside the viewers: a peer that publishes to a camera."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame

from streams import Deadlines, EtagMismatch, NoConnection, SessionAnswer, Sessions, UnknownCamera, UnknownSession
from streams.webrtc.session import Session
from tests.streams.fakes import fake_graph

pytestmark = pytest.mark.anyio


class Publisher(Session):
    role = "publisher"
    track: MediaStreamTrack | None = None
    started = released = False

    def start(self) -> None:
        self.started = True

    def release(self) -> None:
        self.released = True

    def info(self) -> dict[str, Any]:
        return {"id": self.id, "state": self.connection.state}


class Publishers(Sessions[Publisher]):
    last: Publisher

    async def offer(self, camera: str, sdp: str) -> SessionAnswer:
        self._feed(camera)
        with self._admitted(camera, "here") as admission:
            offer = self._read_offer(sdp, "recvonly")
            connection = self._connect()
            transceiver = connection.add_video("recvonly")
            await connection.accept(offer)
            self.last = Publisher(camera, connection, offer, admission)
            self.last.track = transceiver.receiver.track
            return await self._begin(self.last)


@asynccontextmanager
async def publishing(deadlines: Deadlines | None = None) -> AsyncIterator[tuple[Publishers, RTCPeerConnection]]:
    """Yield the sessions of a camera, and a peer that has made its offer; afterwards no task may be left."""
    before = asyncio.all_tasks()
    with fake_graph("porch") as graph:
        publishers, peer = Publishers(graph, deadlines=deadlines), RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTrack(VideoStreamTrack())
        await peer.setLocalDescription(await peer.createOffer())
        try:
            yield publishers, peer
        finally:
            await peer.close()
            await publishers.close()
            assert asyncio.all_tasks() <= before


async def test_a_session_that_receives_is_completed_shown_and_ended() -> None:
    async with publishing() as (publishers, peer):
        lines = peer.localDescription.sdp.splitlines()
        candidates = "\r\n".join(line for line in lines if line.startswith("a=candidate:"))
        without = "\r\n".join(line for line in lines if not line.startswith("a=candidate:")) + "\r\n"
        answer = await publishers.offer("porch", without)
        session = publishers.last
        assert session.started and session.track is not None
        with pytest.raises(EtagMismatch):
            await publishers.patch(answer.secret, candidates, '"other"')
        with pytest.raises(UnknownSession):
            await publishers.patch(answer.secret, candidates, answer.etag, camera="door")
        await publishers.patch(answer.secret, candidates, answer.etag, camera="porch")
        await peer.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        async with asyncio.timeout(20):
            assert isinstance(await session.track.recv(), VideoFrame)
        assert publishers.sessions("porch") == [{"id": answer.id, "state": "connected"}]
        assert publishers.sessions("door") == []
        await publishers.delete(answer.secret)
        assert session.released and session.closed.is_set()
        assert session.connection.state == "closed" and publishers.sessions("porch") == []
        with pytest.raises(UnknownSession):
            await publishers.delete(answer.secret)


@pytest.mark.parametrize("connects", [False, True], ids=["never connects", "vanishes"])
async def test_the_watchdog_drops_a_session_whose_peer(connects: bool) -> None:
    async with publishing(Deadlines(connect_s=20 if connects else 0.05, silence_s=0.1, check_s=0.01)) as made:
        publishers, peer = made
        answer = await publishers.offer("porch", peer.localDescription.sdp)
        if connects:
            await peer.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        async with asyncio.timeout(20):
            await publishers.wait_closed(answer.secret)
        assert publishers.last.released and publishers.sessions("porch") == []


async def test_the_watchdog_drops_a_session_whose_video_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async with publishing(Deadlines(check_s=0.01)) as (publishers, peer):
        answer = await publishers.offer("porch", peer.localDescription.sdp)
        monkeypatch.setattr(Publisher, "live", False)
        async with asyncio.timeout(20):
            await publishers.wait_closed(answer.secret)
        assert publishers.last.released and publishers.sessions("porch") == []


async def test_the_watchdog_drops_a_session_whose_peer_may_stay_no_longer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with publishing(Deadlines(check_s=0.01)) as (publishers, peer):
        kept = await publishers.offer("porch", peer.localDescription.sdp)
        answer = await publishers.offer("porch", peer.localDescription.sdp)
        reasons = {kept.secret: "", answer.secret: "", "unknown": ""}
        for secret in reasons:
            publishers.end_when(secret, lambda secret=secret: reasons[secret])  # type: ignore[misc]
        reasons[answer.secret] = "its token is no longer valid"
        async with asyncio.timeout(20):
            await publishers.wait_closed(answer.secret)
        assert [session["id"] for session in publishers.sessions("porch")] == [kept.id]
        assert f"publisher {answer.id} is dropped: its token is no longer valid" in caplog.text


async def test_a_session_ends_when_its_peer_closes_the_connection() -> None:
    async with publishing() as (publishers, peer):
        answer = await publishers.offer("porch", peer.localDescription.sdp)
        await peer.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        async with asyncio.timeout(20):
            track = publishers.last.track
            assert track is not None
            await track.recv()
            await peer.close()
            await publishers.wait_closed(answer.secret)
        assert publishers.last.released


async def test_a_session_that_cannot_begin_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    async with publishing() as (publishers, peer):
        monkeypatch.setattr(Publisher, "live", False)
        with pytest.raises(NoConnection):
            await publishers.offer("porch", peer.localDescription.sdp)
        assert publishers.last.released and publishers.last.connection.state == "closed"
        assert publishers.sessions("porch") == []


async def test_offers_for_unknown_cameras_and_after_the_close_are_refused() -> None:
    async with publishing() as (publishers, peer):
        with pytest.raises(UnknownCamera):
            await publishers.offer("door", peer.localDescription.sdp)
        await publishers.offer("porch", peer.localDescription.sdp)
        await publishers.close()
        assert publishers.last.released
        with pytest.raises(NoConnection, match="shutting down"):
            await publishers.offer("porch", peer.localDescription.sdp)
