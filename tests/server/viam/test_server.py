"""The port: connections, how it closes, and the checks of the package."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from grpclib import GRPCError
from grpclib.exceptions import StreamTerminatedError

from server.program import StartError

from ..served import Served
from .clients import TEXT, Held, asked, clients, port_of


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\0\xff", b"\0" * 200])
def test_other_protocols_are_disconnected(served: Served, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_connection(("127.0.0.1", port_of(served)), 10) as other:
        other.sendall(data + b"\0" * 100)
        while other.recv(1000):
            pass
    assert asked(served, lambda there: there.camera("still").get_status())
    assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_client_that_disconnects_during_a_call_affects_no_other(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held(monkeypatch)

    async def main() -> None:
        async with clients(served) as there:
            going = asyncio.create_task(there.camera("still").get_images())
            await asyncio.to_thread(held.began.wait, 10)
            going.cancel()
            await asyncio.wait([going])
        async with clients(served) as there:
            with pytest.raises(TimeoutError):
                await there.camera("still").get_images(timeout=0.1)
            assert await there.camera("still").get_status()

    asyncio.run(main())
    held.ended.set()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_it_closes_promptly_during_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch)

    async def main(running: Served) -> None:
        async with clients(running) as there:
            waiting = asyncio.create_task(there.camera("still").get_images())
            await asyncio.to_thread(held.began.wait, 10)
            running.loop.call_soon_threadsafe(running._stop.set)
            async with asyncio.timeout(5):
                with pytest.raises((GRPCError, StreamTerminatedError)):
                    await waiting

    with Served(tmp_path, TEXT) as running:
        asyncio.run(main(running))
        held.ended.set()


def test_the_error_names_a_port_in_use(served: Served, tmp_path: Path) -> None:
    taken = port_of(served)
    text = TEXT.replace("port: 0", f"port: {taken}")
    with pytest.raises(StartError) as raised:
        Served(tmp_path, text).__enter__()
    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1:{taken}: the port is in use by another program; "
        "end it, or choose another with server.viam.port (0 picks a free one)"
    )


def test_importing_the_package_has_no_side_effects() -> None:
    code = (
        "import logging, signal, sys\n"
        "before = sys.excepthook, list(logging.root.handlers), signal.getsignal(signal.SIGINT)\n"
        "import server.viam\n"
        "assert 'viam' in sys.modules\n"
        "assert (sys.excepthook, logging.root.handlers, signal.getsignal(signal.SIGINT)) == before\n"
        "assert not logging.getLogger('viam').handlers\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_the_package_is_imported_only_on_demand() -> None:
    code = "import sys, server.run\nassert not {'viam', 'grpclib'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
