"""What comes on an RTSP connection, cut into messages."""

from __future__ import annotations

import random

import pytest

from streams import MalformedRtsp, RtspMessages, RtspPacket, RtspRequest, rtsp_answer
from streams.rtsp import messages as module

OPTIONS = b"OPTIONS rtsp://host/porch RTSP/1.0\r\nCSeq: 1\r\n\r\n"


def messages(*parts: bytes, head_bytes: int = 1000) -> list[RtspRequest | RtspPacket]:
    """Return the messages of what comes in some parts."""
    reader, found = RtspMessages(head_bytes), []
    for part in parts:
        reader.feed(part)
        while (message := reader.next()) is not None:
            found.append(message)
    return found


def request(data: bytes) -> RtspRequest:
    """Return the only request of some bytes."""
    (found,) = messages(data)
    assert isinstance(found, RtspRequest)
    return found


def test_a_request_has_a_method_a_url_headers_and_a_body() -> None:
    found = request(
        b"SET_PARAMETER rtsp://host/porch RTSP/1.0\r\n"
        b"cseq: 7\r\nContent-Length:5\r\nSession: 12ab;timeout=60\r\n\r\na: b\n"
    )
    assert (found.method, found.url, found.body) == ("SET_PARAMETER", "rtsp://host/porch", b"a: b\n")
    assert found.headers == {"cseq": "7", "content-length": "5", "session": "12ab;timeout=60"}
    assert found.session == "12ab"


def test_lines_may_end_with_lf_and_be_folded_and_repeated() -> None:
    found = request(b"\r\n\nPLAY * RTSP/1.0\nCSeq: 2\nAccept: a\n  , b\nAccept: c\n\n")
    assert (found.method, found.url) == ("PLAY", "*")
    assert found.headers == {"cseq": "2", "accept": "a , b, c"}


def test_no_value_has_a_line_break() -> None:
    found = request(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\rRequire: a\rX: b\r\n\r\n")
    assert found.headers == {"cseq": "1", "require": "a", "x": "b"}


def test_a_message_that_comes_byte_by_byte_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"SET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 500\r\n\r\n" + bytes(500)
    reads: list[str] = []

    def unfolded(head: str) -> list[str]:
        reads.append(head)
        return head.split("\r\n")

    monkeypatch.setattr(module, "_unfolded", unfolded)
    assert [
        len(each.body) for each in messages(*(bytes((byte,)) for byte in data * 2)) if isinstance(each, RtspRequest)
    ]
    assert len(reads) == 4  # each message when its head is complete, and when it is


def test_packets_come_between_requests_and_answers_of_clients_are_skipped() -> None:
    packet = b"$\x01\x00\x03abc"
    data = packet + OPTIONS + b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nOK" + packet + OPTIONS
    assert [type(each) for each in messages(data)] == [RtspPacket, RtspRequest, RtspPacket, RtspRequest]
    assert messages(data)[0] == RtspPacket(1, b"abc")


def test_messages_may_come_in_any_parts() -> None:
    data = (OPTIONS + b"$\x00\x00\x02hi\r\n" + OPTIONS.replace(b"CSeq", b"Content-Length: 3\r\nCSeq") + b"xyz") * 2
    whole = messages(data)
    assert len(whole) == 6
    assert messages(*(data[at : at + 1] for at in range(len(data)))) == whole


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "this is not an RTSP request, such as: OPTIONS rtsp://host/camera RTSP/1.0"),
        (b"\x16\x03\x01\n\n", 400, "this is not an RTSP request, such as: OPTIONS rtsp://host/camera RTSP/1.0"),
        (b"PLAY * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505, "this server speaks RTSP/1.0, got RTSP/2.0"),
        (b"PLAY * RTSP/1.0\r\n\r\n", 400, "a request needs a CSeq with a number"),
        (b"PLAY * RTSP/1.0\r\nCSeq: one\r\n\r\n", 400, "a request needs a CSeq with a number"),
        (b"PLAY * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\n", 400, 'Content-Length must be a number, got "-1"'),
        (
            b"PLAY * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 65537\r\n\r\n",
            413,
            "the body of a request may have at most 65536 bytes, got 65537",
        ),
        (b"PLAY * RTSP/1.0\r\nCSeq: 1\r\nX: " + bytes(1000), 413, "the head of a request may have at most 1000 bytes"),
        (
            b"PLAY * RTSP/1.0\r\n" + b"a:\r\n" * 101 + b"\r\n",
            413,
            "a request may have at most 100 header lines, got 101",
        ),
    ],
)
def test_what_is_no_request_is_refused(data: bytes, status: int, sentence: str) -> None:
    with pytest.raises(MalformedRtsp) as caught:
        messages(data)
    assert (caught.value.status, caught.value.detail) == (status, sentence)


def test_a_refusal_knows_the_number_of_its_request() -> None:
    with pytest.raises(MalformedRtsp) as caught:
        messages(b"PLAY * RTSP/1.1\r\nCSeq: 12\r\n\r\n")
    assert caught.value.sequence == "12"


def test_whatever_comes_is_read_or_refused() -> None:
    draw = random.Random(14)
    for _ in range(300):
        data = bytearray(OPTIONS * 3 + b"$\x01\x00\x01x" + OPTIONS)
        for _ in range(draw.randrange(1, 6)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        reader = RtspMessages(500)
        reader.feed(bytes(data))
        try:
            while reader.next() is not None:
                pass
        except MalformedRtsp as error:
            assert error.detail


def test_an_answer_repeats_the_number_and_says_what_is_wrong() -> None:
    assert rtsp_answer(200, "3", [("Public", "PLAY")]) == b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nPublic: PLAY\r\n\r\n"
    assert rtsp_answer(200, "3", body=b"v=0").endswith(b"Content-Length: 3\r\n\r\nv=0")
    refused = rtsp_answer(404, None, detail="there is no camera 'p\r\nX: ü'" + "." * 300)
    assert refused.startswith(b"RTSP/1.0 404 Not Found (there is no camera 'p??X: ?'...")
    assert refused.count(b"\r\n") == 2 and len(refused) < 240
