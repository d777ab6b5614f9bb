"""Messages and frames over sockets."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from cameras import Detection, Intrinsics, Matrix, Pixels
from cameras.annotations import BoundingBox
from server.drafts.channel import Malformed, message, read_message, receive_frame, receive_message, send_frame
from tests.fakes import frame


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_messages_arrive_as_they_were_sent_on_a_thread_and_in_an_event_loop(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    one, other = sockets
    sent = message({"number": 1, "error": "ä"}, b"jpeg") + message({})
    one.sendall(sent)
    assert receive_message(other) == ({"number": 1, "error": "ä"}, b"jpeg")
    assert receive_message(other) == ({}, b"")
    one.sendall(sent)
    one.shutdown(socket.SHUT_WR)

    async def read() -> None:
        reader, writer = await asyncio.open_connection(sock=other)
        assert await read_message(reader) == ({"number": 1, "error": "ä"}, b"jpeg")
        assert await read_message(reader) == ({}, b"")
        with pytest.raises(EOFError):
            await read_message(reader)
        writer.close()

    asyncio.run(read())


@pytest.mark.parametrize("sent", [b"\xff" * 8, b"\0\0\0\1\0\0\0\0[", b"\0\0\0\2\0\0\0\0[]"])
def test_anything_else_is_refused(sockets: tuple[socket.socket, socket.socket], sent: bytes) -> None:
    one, other = sockets
    one.sendall(sent)
    with pytest.raises(Malformed):
        receive_message(other)


def test_the_end_of_the_other_side_is_the_end_of_the_messages(sockets: tuple[socket.socket, socket.socket]) -> None:
    one, other = sockets
    one.sendall(b"\0\0")
    one.close()
    with pytest.raises(EOFError):
        receive_message(other)


def test_a_frame_arrives_with_everything_that_it_has(sockets: tuple[socket.socket, socket.socket]) -> None:
    one, other = sockets
    planes = np.arange(64, dtype=np.uint8).reshape(8, 8)
    pixels = Pixels.from_yuv(planes[:4, :4], planes[4:6, :2], planes[4:6, 2:4], Matrix.BT709)  # views with longer rows
    seen = Detection("mug", 0.5, box=BoundingBox(0.0, 0.0, 1.0, 1.0))
    sent = replace(
        frame(pts=7),
        pixels=pixels,
        annotations=(seen,),
        depth=np.full((4, 4), 1000, np.uint16),
        intrinsics=Intrinsics(4, 4, 1.0, 1.0, 2.0, 2.0),
        distortion=(0.1,),
    ).marked("captured", 3.5)
    send_frame(one, "porch", sent, 25.0)
    camera, got, frame_rate = receive_frame(other)
    assert (camera, frame_rate) == ("porch", 25.0)
    assert got.pixels.born_yuv and got.pixels.matrix is Matrix.BT709
    for there, here in zip(got.pixels.yuv, pixels.yuv, strict=True):
        np.testing.assert_array_equal(there, here)
    assert got.depth is not None and got.depth[3, 3] == 1000
    assert (got.pts, got.time_base, got.captured_at) == (sent.pts, sent.time_base, sent.captured_at)
    assert (got.annotations, got.intrinsics, got.distortion) == ((seen,), sent.intrinsics, sent.distortion)
    assert got.trace == sent.trace


def test_a_large_picture_of_colours_arrives(sockets: tuple[socket.socket, socket.socket]) -> None:
    one, other = sockets
    sent = frame(width=1281, height=721)
    sender = threading.Thread(target=send_frame, args=(one, "porch", sent, None))
    sender.start()
    _, got, frame_rate = receive_frame(other)
    sender.join()
    assert frame_rate is None and not got.pixels.born_yuv
    np.testing.assert_array_equal(got.image, sent.image)
