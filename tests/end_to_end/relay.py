"""A network that loses packets: a UDP relay before one viewer."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import Any, Self

from playwright.sync_api import Page, Route

HOST = "127.0.0.1"
_CANDIDATE = re.compile(r"^(a=candidate:\S+ 1 udp \d+) (\S+) (\d+) (typ host.*)$", re.MULTILINE)


class LossyRelay:
    """Passes datagrams on between a server and one viewer, and loses some of the server's media packets.

    Which ones depends on the seed and on the number of the packet only. Everything else (ICE, DTLS, RTCP) passes. Each
    address of the viewer gets a socket of its own towards the server. The headers of SRTP are readable, so the relay
    also counts. It runs on a thread of its own, in an event loop.

    Args:
        loss: The share of media packets that are lost, 0 to 1; retransmissions too.
        seed: Seed of the choice.
        frames_max: Number of frames after which no further ones pass; packets of these are still sent again.

    Attributes:
        loss: The share that is lost from now on.
        lost: Number of media packets lost.
        passed: Number of media packets passed on.
        retransmitted: Number of media packets that were sent again, lost or not: with a payload type of their own
            (RTX), or with a sequence number that has been sent before.
        frames: RTP times of the frames that the server has sent, lost or not, up to ``frames_max``.
    """

    def __init__(self, loss: float, seed: int = 1, frames_max: int | None = None) -> None:
        self.lost = self.passed = self.retransmitted = 0
        self.frames: set[int] = set()
        self.loss = loss
        self._frames_max = frames_max
        self._random = Random(seed)
        self._payload_type: int | None = None
        self._sequences: set[int] = set()
        self._server = (HOST, 0)
        self._outer: asyncio.DatagramTransport | None = None
        self._inner: dict[tuple[Any, ...], asyncio.Future[asyncio.DatagramTransport]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lossy relay")

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def answer(self, sdp: str) -> str:
        """Return an answer whose candidate is this relay; it passes on to the candidate that was there."""
        found = _CANDIDATE.search(sdp)
        assert found is not None, sdp
        self._server = (found[2], int(found[3]))
        assert self._outer is not None
        return _CANDIDATE.sub(rf"\1 {HOST} {self._outer.get_extra_info('sockname')[1]} \4", sdp)

    def stand_before_next(self, page: Page) -> None:
        """Stand before the next viewer of a page. Its offer has no candidates: the server learns where it is."""

        def exchange(route: Route) -> None:
            offer = route.request.post_data
            assert offer is not None and "a=candidate:" not in offer
            answer = route.fetch()
            assert answer.status == 201, answer.text()
            route.fulfill(response=answer, body=self.answer(answer.text()))

        page.route(re.compile("/whep/"), exchange, times=1)

    def from_viewer(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Pass a datagram of the viewer on to the server."""
        inner = self._inner.get(address)
        if inner is None:
            inner = self._inner[address] = self._loop.create_task(self._connect(address))
        inner.add_done_callback(lambda done: done.result().sendto(data))

    def from_server(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Pass a datagram of the server on to an address of the viewer, or lose it."""
        if self._is_lost(data):
            return
        assert self._outer is not None
        self._outer.sendto(data, address)

    def _is_lost(self, data: bytes) -> bool:
        # RFC 7983 and RFC 5761: neither STUN nor DTLS, and no RTCP.
        if not 128 <= data[0] < 192 or 192 <= data[1] < 224:
            return False
        payload_type, sequence, time = data[1] & 127, int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
        if self._payload_type is None:
            self._payload_type = payload_type
        if payload_type != self._payload_type or sequence in self._sequences:
            self.retransmitted += 1
        else:
            if len(self.frames) == self._frames_max and time not in self.frames:
                return True
            self._sequences.add(sequence)
            self.frames.add(time)
        if self._random.random() < self.loss:
            self.lost += 1
            return True
        self.passed += 1
        return False

    def _call(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _open(self) -> None:
        self._outer, _ = await self._loop.create_datagram_endpoint(
            lambda: _Receiver(self.from_viewer), local_addr=(HOST, 0)
        )

    async def _connect(self, viewer: tuple[Any, ...]) -> asyncio.DatagramTransport:
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: _Receiver(lambda data, _: self.from_server(data, viewer)), remote_addr=self._server
        )
        return transport

    async def _close(self) -> None:
        assert self._outer is not None
        self._outer.close()
        for transport in await asyncio.gather(*self._inner.values()):
            transport.close()
        await asyncio.sleep(0)  # the sockets are closed in the next turn of the loop


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes, tuple[Any, ...]], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receive(data, addr)

    def error_received(self, exc: Exception) -> None:
        """Ignore that the other end is gone: the viewer or the server has left."""
