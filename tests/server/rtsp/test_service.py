"""What requests are answered with, beginning with those that players and recorders are known to send.

The forms are from public captures and sources: VLC and openRTSP (live555), FFmpeg and what is built on it (OpenCV, Home
Assistant, Frigate's recorder), go2rtc (Frigate, Home Assistant), GStreamer, ExoPlayer, Scrypted, Moonfire (retina), and
recorders of the issues bluenviron/mediamtx#1066, #1650 and #2880, AlexxIT/go2rtc#2151 and onvif/specs#310.
"""

from __future__ import annotations

import random
import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiortc.rtp import RtcpPacket, RtcpSrPacket

from server.core import frames
from server.rtsp import service as service_module
from tests.server.served import CAMERAS, Served, limited

from .clients import Answer, Client, digest
from .conftest import OTHER, PREDICTS, RTSP, TOKEN, WRONG, port_of, sessions

UDP = "RTP/AVP;unicast;client_port={udp}-{rtcp}"
TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"
VLC = "User-Agent: LibVLC/3.0.20 (LIVE555 Streaming Media v2016.11.28)"
SEQUENCES = {
    "VLC": (
        f"OPTIONS {{url}} RTSP/1.0|CSeq: 2|{VLC}",
        f"DESCRIBE {{url}} RTSP/1.0|CSeq: 3|{VLC}|Accept: application/sdp",
        f"SETUP {{url}}/trackID=0 RTSP/1.0|CSeq: 4|{VLC}|Transport: {UDP}",
        f"PLAY {{url}}/ RTSP/1.0|CSeq: 5|{VLC}|Session: {{session}}|Range: npt=0.000-",
        f"GET_PARAMETER {{url}}/ RTSP/1.0|CSeq: 6|{VLC}|Session: {{session}}",
        f"PAUSE {{url}}/ RTSP/1.0|CSeq: 7|{VLC}|Session: {{session}}",
        f"PLAY {{url}}/ RTSP/1.0|CSeq: 8|{VLC}|Session: {{session}}",
        f"TEARDOWN {{url}}/ RTSP/1.0|CSeq: 9|{VLC}|Session: {{session}}",
    ),
    "FFmpeg": (  # OpenCV and Home Assistant's generic camera are the same, with Lavf; Frigate's recorder has this name
        "OPTIONS {url} RTSP/1.0|CSeq: 1|User-Agent: FFmpeg Frigate/0.15.0-cea210d",
        "DESCRIBE {url} RTSP/1.0|Accept: application/sdp|CSeq: 2|User-Agent: FFmpeg Frigate/0.15.0-cea210d",
        f"SETUP {{url}}/trackID=0 RTSP/1.0|Transport: {TCP}|CSeq: 3|User-Agent: FFmpeg Frigate/0.15.0-cea210d",
        "PLAY {url}/ RTSP/1.0|Range: npt=0.000-|CSeq: 4|User-Agent: FFmpeg Frigate/0.15.0-cea210d|Session: {session}",
        "GET_PARAMETER {url}/ RTSP/1.0|CSeq: 5|User-Agent: FFmpeg Frigate/0.15.0-cea210d|Session: {session}",
        "TEARDOWN {url}/ RTSP/1.0|CSeq: 6|User-Agent: FFmpeg Frigate/0.15.0-cea210d|Session: {session}",
    ),
    "FFmpeg with a query": (
        "DESCRIBE {url}?annotations=false RTSP/1.0|Accept: application/sdp|CSeq: 2|User-Agent: Lavf61.7.100",
        "SETUP {url}?annotations=false/trackID=0 RTSP/1.0|CSeq: 3"
        "|Transport: RTP/AVP/UDP;unicast;client_port={udp}-{rtcp}",
        "PLAY {url}?annotations=false/ RTSP/1.0|Range: npt=0.000-|CSeq: 4|Session: {session}",
        "TEARDOWN {url}?annotations=false/ RTSP/1.0|CSeq: 5|Session: {session}",
    ),
    "go2rtc": (
        "OPTIONS {url} RTSP/1.0|Cseq: 1|User-Agent: go2rtc/1.9.9",
        "DESCRIBE {url} RTSP/1.0|Accept: application/sdp|Cseq: 2|User-Agent: go2rtc/1.9.9",
        f"SETUP {{url}}/trackID=0 RTSP/1.0|Transport: {TCP}|Cseq: 3|User-Agent: go2rtc/1.9.9",
        "PLAY {url}/ RTSP/1.0|Cseq: 4|User-Agent: go2rtc/1.9.9|Session: {session}",
        "OPTIONS {url}/ RTSP/1.0|Cseq: 5|User-Agent: go2rtc/1.9.9|Session: {session}",
        "TEARDOWN {url}/ RTSP/1.0|Cseq: 6|User-Agent: go2rtc/1.9.9|Session: {session}",
    ),
    "GStreamer with a query": (
        "OPTIONS {url}?annotations=false RTSP/1.0|CSeq: 2|User-Agent: GStreamer/1.22.0|Accept-Ranges: npt",
        "DESCRIBE {url}?annotations=false RTSP/1.0|CSeq: 3|User-Agent: GStreamer/1.22.0|Accept: application/sdp"
        "|Date: Sat, 28 Nov 2026 18:00:00 GMT",
        "SETUP {url}/trackID=0?annotations=false RTSP/1.0|CSeq: 4"
        f"|Transport: {UDP},RTP/AVP;multicast,{TCP}|User-Agent: GStreamer/1.22.0",
        "PLAY {url}/?annotations=false RTSP/1.0|CSeq: 5|Range: npt=0-|Session: {session}|User-Agent: GStreamer/1.22.0",
        "TEARDOWN {url}/?annotations=false RTSP/1.0|CSeq: 6|Session: {session}",
    ),
    "Moonfire": (  # without the word unicast
        "DESCRIBE {url} RTSP/1.0|Accept: application/sdp|CSeq: 1|User-Agent: moonfire-nvr/v0.7.7",
        "SETUP {url}/trackID=0 RTSP/1.0|Transport: RTP/AVP/UDP;client_port={udp}-{rtcp}|CSeq: 2|x-Dynamic-Rate: 1",
        "PLAY {url}/ RTSP/1.0|Range: npt=now-|Session: {session}|CSeq: 3",
        "SET_PARAMETER {url} RTSP/1.0|Session: {session}|CSeq: 4",
        "TEARDOWN {url} RTSP/1.0|Session: {session}|CSeq: 5",
    ),
    "an ONVIF recorder": (  # asks again on the same connection, names no channels, keeps alive with SET_PARAMETER
        "OPTIONS * RTSP/1.0|CSeq: 0",
        "DESCRIBE {url}?transportmode=unicast&profile=Profile_1 RTSP/1.0|CSeq: 1|Accept: application/sdp",
        "DESCRIBE {url} RTSP/1.0|CSeq: 2|Accept: application/sdp, application/rtsl",
        "SETUP {url}/trackID=0 RTSP/1.0|CSeq: 3|Transport: RTP/AVP/TCP;unicast|Blocksize: 1400",
        "PLAY {url} RTSP/1.0|CSeq: 4|Session: {session};timeout=60|Rate-Control: no",
        "SET_PARAMETER {url} RTSP/1.0|CSeq: 5|Session: {session}|Content-Length: 0",
        "TEARDOWN {url} RTSP/1.0|CSeq: 6|Session: {session}",
    ),
    "a client that sets up the whole stream": (
        f"SETUP {{url}} RTSP/1.0|CSeq: 1|Transport: {TCP}",
        "PLAY {url} RTSP/1.0|CSeq: 2|Session: {session}",
        "TEARDOWN {url} RTSP/1.0|CSeq: 3|Session: {session}",
    ),
}


@pytest.fixture
def ports() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give two UDP ports of a client."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as video,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reports,
    ):
        for each in (video, reports):
            each.bind(("127.0.0.1", 0))
            each.settimeout(20)
        yield video, reports


def set_up(client: Client, transport: str = TCP, camera: str = "still") -> Answer:
    """Set a session up."""
    answer = client.ask("SETUP", f"{client.url(camera)}/trackID=0", Transport=transport)
    assert answer.status == 200, answer.reason
    return answer


def source_of(answer: Answer) -> int:
    """Return the source that a client was told."""
    return int(answer["Transport"].rpartition("ssrc=")[2], 16)


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_requests_of_known_clients_are_answered(
    served: Served, client: Client, ports: tuple[socket.socket, socket.socket], name: str
) -> None:
    udp, rtcp = (each.getsockname()[1] for each in ports)
    session = ""
    for text in SEQUENCES[name]:
        request = text.format(url=client.url(), udp=udp, rtcp=rtcp, session=session).replace("|", "\r\n")
        answer = client.say(f"{request}\r\n\r\n")
        assert (answer.status, answer.reason) == (200, "OK"), request
        assert answer["CSeq"] == re.findall("(?i)cseq: (.*)\r?", f"{request}\r")[0].strip()
        method = text.partition(" ")[0]
        if method == "DESCRIBE":
            assert answer["Content-Type"] == "application/sdp" and "a=control:trackID=0" in answer.body
            assert answer["Content-Base"].startswith(client.url()) and answer["Content-Base"].endswith("/")
        if method == "SETUP":
            session = answer.session
            assert re.fullmatch("[0-9a-f]{16};timeout=60", answer["Session"])
            is_udp = "server_port=" in answer["Transport"]
            assert re.fullmatch(r"RTP/AVP[^;]*;unicast;.*;ssrc=[0-9A-F]{8}", answer["Transport"])
        if method == "PLAY":
            assert answer["Range"] == "npt=now-" and answer.session == session
            first = ports[0].recv(2048) if is_udp else client.packet()[1]
            assert f"{client.url()}" in answer["RTP-Info"] and "/trackID=0;seq=" in answer["RTP-Info"]
            if name != "VLC":  # which plays twice
                assert answer["RTP-Info"].endswith(f"seq={struct.unpack_from('!H', first, 2)[0]}")
    assert sessions(served) == []


def test_a_stream_begins_with_a_key_frame_and_is_reported(served: Served, client: Client) -> None:
    answer = set_up(client, "RTP/AVP/TCP;unicast;interleaved=6-7")
    assert client.ask("PLAY", Session=answer.session).status == 200
    packets = [client.packet()]
    while packets[-1][0] != 7:
        packets.append(client.packet())
    assert {channel for channel, _ in packets} == {6, 7}
    first = next(data for channel, data in packets if channel == 6)
    assert struct.unpack_from("!I", first, 8)[0] == source_of(answer)
    assert first[12] & 31 == 24 and first[15] & 31 in (7, 8, 6)  # several units, with the parameter sets
    report, _ = RtcpPacket.parse(next(data for channel, data in packets if channel == 7))
    assert isinstance(report, RtcpSrPacket) and report.ssrc == source_of(answer)
    (shown,) = sessions(served)
    assert shown["kind"] == "rtsp" and shown["codec"] == "h264" and shown["rung"] == "64x48"


def test_reports_of_a_client_are_shown_however_they_come(
    served: Served, client: Client, ports: tuple[socket.socket, socket.socket]
) -> None:
    over_tcp = set_up(client)
    udp, rtcp = (each.getsockname()[1] for each in ports)
    over_udp = set_up(client, UDP.format(udp=udp, rtcp=rtcp))
    server_port = int(re.findall(r"server_port=\d+-(\d+)", over_udp["Transport"])[0])
    for answer, share in ((over_tcp, 64), (over_udp, 128)):
        block = struct.pack("!IIIIII", source_of(answer), share << 24, 0, 0, 0, 0)
        report = struct.pack("!BBHI", 0x81, 201, 7, 1) + block
        if answer is over_tcp:
            client.sock.sendall(b"$\x01" + struct.pack("!H", len(report)) + report)
        else:
            ports[1].sendto(report, ("127.0.0.1", server_port))
    deadline = time.monotonic() + 10
    while {each["loss"] for each in sessions(served)} != {0.25, 0.5}:
        assert time.monotonic() < deadline
    assert client.ask("TEARDOWN", Session=over_udp.session).status == 200


def test_over_udp_a_session_outlives_its_connection_and_over_tcp_it_does_not(
    served: Served, ports: tuple[socket.socket, socket.socket]
) -> None:
    udp, rtcp = (each.getsockname()[1] for each in ports)
    with Client(port_of(served)) as first:
        set_up(first)
        answer = set_up(first, UDP.format(udp=udp, rtcp=rtcp))
        assert first.ask("PLAY", Session=answer.session).status == 200
        assert len(sessions(served)) == 2
    ports[0].recv(2048)
    with Client(port_of(served)) as second, Client(port_of(served)) as third:
        # Whoever has restarted wants the same ports again; one that is there keeps them.
        again = set_up(second, UDP.format(udp=udp, rtcp=rtcp))
        assert third.ask("GET_PARAMETER", Session=answer.session).status == 454
        refused = third.ask("SETUP", Transport=UDP.format(udp=udp + 1, rtcp=rtcp))
        assert refused.status == 461 and "another session has these ports" in refused.reason
        answer = again
    with Client(port_of(served)) as second:
        assert second.ask("GET_PARAMETER", Session=answer.session).status == 200
        assert len(sessions(served)) == 1
        assert second.ask("TEARDOWN", Session=answer.session).status == 200
    assert sessions(served) == []


@pytest.mark.parametrize(
    ("method", "headers", "status", "sentence"),
    [
        ("ANNOUNCE", {}, 405, "possible are OPTIONS, DESCRIBE, SETUP, "),
        ("RECORD", {}, 405, "possible are OPTIONS, DESCRIBE, SETUP, "),
        ("DANCE", {}, 501, "possible are OPTIONS, DESCRIBE, SETUP, "),
        ("DESCRIBE", {"Accept": "application/mheg"}, 406, "a stream is described as application/sdp"),
        ("DESCRIBE", {"Require": "www.onvif.org/ver20/backchannel"}, 551, "this server has no options, got www.onvif"),
        ("SETUP", {"Transport": "RTP/AVP;multicast"}, 461, "possible are RTP/AVP;unicast;client_port=A-B"),
        ("SETUP", {}, 461, "possible are RTP/AVP;unicast;client_port=A-B"),
        ("SETUP", {"Transport": TCP, "Session": "123"}, 454, "there is no such session; it may have ended"),
        ("PLAY", {}, 454, "there is no such session; it may have ended"),
        ("PAUSE", {"Session": "123"}, 454, "there is no such session; it may have ended"),
        ("TEARDOWN", {"Session": "123"}, 454, "there is no such session; it may have ended"),
        ("GET_PARAMETER", {"Session": "123"}, 454, "there is no such session; it may have ended"),
    ],
)
def test_what_cannot_be_is_refused(
    client: Client, method: str, headers: dict[str, str], status: int, sentence: str
) -> None:
    answer = client.ask(method, **headers)
    assert answer.status == status and sentence in answer.reason
    assert "Session" not in answer.headers
    if status == 405:
        assert "PLAY" in answer["Allow"]
    if status == 551:
        assert answer["Unsupported"] == "www.onvif.org/ver20/backchannel"
    assert client.ask("OPTIONS").status == 200  # the connection goes on


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("nobody", 404, "there is no camera 'nobody'"),
        ("secret", 404, "there is no camera 'secret'"),  # private
        ("still/trackID=1", 404, "a stream has one track, trackID=0"),
        ("still?annotations=maybe", 400, 'annotations must be true or false, got "maybe"'),
        ("", 404, "there is no camera ''"),
    ],
)
def test_streams_that_do_not_exist_are_refused(client: Client, path: str, status: int, sentence: str) -> None:
    answer = client.ask("SETUP", client.url(path), Transport=TCP)
    assert answer.status == status and sentence in answer.reason


def test_a_session_is_changed_only_while_it_does_not_play(served: Served, client: Client) -> None:
    first = set_up(client)
    again = client.ask("SETUP", Transport="RTP/AVP/TCP;unicast;interleaved=8-9", Session=first.session)
    assert again.session == first.session and "interleaved=8-9" in again["Transport"]
    assert client.ask("PLAY", Session=first.session).status == 200
    assert client.packet()[0] == 8
    assert client.ask("SETUP", Transport=TCP, Session=first.session).status == 455
    assert client.ask("SETUP", client.url("seen"), Transport=TCP, Session=first.session).status == 455
    assert client.ask("PLAY", Session=first.session).status == 200  # again
    assert len(sessions(served)) == 1
    assert client.ask("PAUSE", Session=first.session).status == 200
    assert client.ask("SETUP", client.url("seen"), Transport=TCP, Session=first.session).status == 455
    (shown,) = sessions(served)
    assert shown["codec"] is None and served.client.get("/api/cameras/still").json()["encoders"] == []


def test_one_connection_may_have_several_streams(served: Served, client: Client) -> None:
    still, seen = set_up(client), set_up(client, "RTP/AVP/TCP;unicast", "seen")
    assert "interleaved=2-3" in seen["Transport"]
    for answer in (still, seen):
        assert client.ask("PLAY", Session=answer.session).status == 200
    channels = {client.packet()[0] for _ in range(60)}
    assert {0, 2} <= channels <= {0, 1, 2, 3}
    assert client.ask("SETUP", Transport=TCP).status == 461  # these channels are taken


def test_there_are_no_parameters(client: Client) -> None:
    assert client.ask("GET_PARAMETER").status == 200
    assert client.ask("SET_PARAMETER", body="\r\n", Content_Type="text/parameters").status == 200
    answer = client.ask("GET_PARAMETER", body="position\r\njitter\r\n", Content_Type="text/parameters")
    assert answer.status == 451 and "there is no parameter position" in answer.reason
    assert client.ask("SET_PARAMETER", body="<a/>", Content_Type="text/xml").status == 415


def test_a_camera_without_a_picture_is_not_described(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.5)
    answer = client.ask("DESCRIBE", client.url("gone"))
    assert answer.status == 503 and "camera gone gave no frame within 0.5 s" in answer.reason
    assert answer["Retry-After"] == "5"
    assert served.client.get("/api/cameras/gone").json()["encoders"] == []


def test_what_is_described_and_not_played_ends(served: Served, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def encoders() -> int:
        return len(served.client.get("/api/cameras/still").json()["encoders"])

    monkeypatch.setattr(service_module, "HOLD_S", 0.2)
    assert client.ask("DESCRIBE").status == 200
    deadline = time.monotonic() + 10
    while encoders():
        assert time.monotonic() < deadline
    monkeypatch.setattr(service_module, "HOLD_S", 60.0)
    with Client(port_of(served)) as other:
        assert other.ask("DESCRIBE").status == 200
        assert other.ask("DESCRIBE", other.url("seen")).status == 200
        assert encoders() == 0
    while served.client.get("/api/cameras/seen").json()["encoders"]:
        assert time.monotonic() < deadline


def test_viewers_are_limited(served: Served, client: Client) -> None:
    with limited(served, viewers_per_address=1):
        set_up(client)
        answer = client.ask("SETUP", Transport="RTP/AVP/TCP;unicast")
        assert answer.status == 503 and answer["Retry-After"] == "10"
        assert "server.limits.viewers_per_address allows" in answer.reason
    with limited(served, viewers=1):
        answer = client.ask("SETUP", Transport="RTP/AVP/TCP;unicast")
        assert answer.status == 503 and "server.limits.viewers allows" in answer.reason


def test_a_session_ends_with_its_camera_and_says_so(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS + RTSP) as served, Client(port_of(served)) as client:
        answer = set_up(client, camera="seen")
        assert client.ask("PLAY", Session=answer.session).status == 200
        client.packet()
        text = served.path.read_text()
        served.path.write_text(re.sub(r"  - name: seen\n(    .*\n)+", "", text))
        assert served.client.post("/api/reload").status_code == 200
        assert client.ends()
        assert client.packets[-1][0] == 1 and client.packets[-1][1][-8:-6] == b"\x81\xcb"  # goodbye


def test_a_camera_that_was_replaced_is_described_anew_and_needs_a_new_session(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS + RTSP) as served, Client(port_of(served)) as client:
        waiting = set_up(client, camera="seen")
        assert client.ask("DESCRIBE", client.url("seen")).status == 200
        text = served.path.read_text()
        for changed in (re.sub(r"  - name: seen\n(    .*\n)+", "", text), text.replace("width_px: 32", "width_px: 16")):
            served.path.write_text(changed)
            assert served.client.post("/api/reload").status_code == 200
        assert "a=framesize:96 16-12" in client.ask("DESCRIBE", client.url("seen")).body
        answer = client.ask("PLAY", Session=waiting.session)
        assert answer.status == 454 and "another camera has that name now; set up a new session" in answer.reason
        assert sessions(served, "seen") == []


def test_sessions_end_with_the_server(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS + RTSP) as served:
        client = Client(port_of(served)).__enter__()
        answer = set_up(client)
        assert client.ask("PLAY", Session=answer.session).status == 200
    assert client.ends()
    client.__exit__(None, None, None)


def described(client: Client, authorization: str, camera: str = "still") -> Answer:
    """Describe a camera with a token."""
    return client.ask("DESCRIBE", client.url(camera), Authorization=authorization)


@pytest.fixture
def asked(with_tokens: Served) -> Iterator[tuple[Client, Answer]]:
    """Give a connection to a server with tokens, and what it asks for."""
    with Client(port_of(with_tokens)) as client:
        assert client.ask("OPTIONS").status == 200  # needs no token
        answer = client.ask("DESCRIBE")
        assert answer.status == 401 and "this server needs a token, as the password of the user token" in answer.reason
        assert len(answer.headers["WWW-Authenticate"]) == 3
        yield client, answer


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_token_is_sent_once_for_each_connection(asked: tuple[Client, Answer], algorithm: str) -> None:
    client, answer = asked
    assert described(client, digest(answer, "DESCRIBE", client.url(), TOKEN, algorithm=algorithm)).status == 200
    # Grandstream's clients repeat it wrongly; others not at all.
    wrong = 'Digest username="admin", realm="IPCAM", nonce="", uri="rtsp://a/b", response="9b01"'
    session = client.ask("SETUP", f"{client.url()}/trackID=0", Transport=TCP, Authorization=wrong).session
    assert client.ask("PLAY", Session=session).status == 200


def test_a_client_may_begin_with_setup_and_name_the_stream_in_its_digest(asked: tuple[Client, Answer]) -> None:
    client, answer = asked
    header = digest(answer, "SETUP", client.url(), TOKEN)  # as VLC and HappyTime
    assert client.ask("SETUP", f"{client.url()}/trackID=0", Transport=TCP, Authorization=header).status == 200


def test_a_token_needs_the_right_and_the_camera(asked: tuple[Client, Answer]) -> None:
    client, answer = asked
    for token, sentence in (
        (OTHER, "this token does not allow camera 'still'"),
        (PREDICTS, "this token does not have the right view"),
    ):
        refused = described(client, digest(answer, "DESCRIBE", client.url(), token))
        assert refused.status == 403 and sentence in refused.reason
    assert client.ask("DESCRIBE").status == 401  # nobody was admitted
    wrong = described(client, digest(answer, "DESCRIBE", client.url(), WRONG))
    assert wrong.status == 401 and "the one that was sent is not valid" in wrong.reason


def test_a_session_ends_with_its_token(tmp_path: Path) -> None:
    text = CAMERAS + "server: {rtsp: {port: 0}, tokens: [first-token, second-token]}\n"
    with Served(tmp_path, text) as served, Client(port_of(served)) as client:
        header = digest(client.ask("DESCRIBE"), "SETUP", client.url(), "first-token")
        session = client.ask("SETUP", Transport=TCP, Authorization=header).session
        assert client.ask("PLAY", Session=session).status == 200
        served.path.write_text(text.replace("first-token, ", ""))
        served.client.post("/api/reload", headers={"Authorization": "Bearer second-token"}).raise_for_status()
        assert client.ends()


GARBAGE = (
    "",
    "\xff\x00",
    "9" * 500,
    "-1",
    ";;,=,;",
    "Digest " + "a=" * 50,
    'Digest username="\\", uri="rtsp://[", nonce="é", response="',
    "Basic ====",
    "RTP/AVP;unicast;client_port=0-99999999999",
    "RTP/AVP/TCP;interleaved=-1-0,,,;",
    "npt=-",
    "clock=never",
    "application/sdp;q=nan",
    "%00%ff%zz",
    "rtsp://[::1%25x]:1/",
    "..//..//",
)  # fmt: skip
HEADERS = ("Accept", "Authorization", "Transport", "Session", "Range", "Content-Type", "Scale", "Blocksize")


def test_whatever_is_asked_is_answered_and_nothing_is_a_bug(with_tokens: Served) -> None:
    draw = random.Random(14)
    methods = [*service_module.METHODS.split(", "), "RECORD", "\xff"]
    with Client(port_of(with_tokens)) as client:
        header = digest(client.ask("DESCRIBE"), "DESCRIBE", client.url(), TOKEN)
        assert described(client, header).status == 200
        for number in range(300):
            headers = {name.replace("-", "_"): draw.choice(GARBAGE) for name in draw.sample(HEADERS, 3)}
            session = client.ask("SETUP", Transport="RTP/AVP/TCP").session if number % 50 == 0 else ""
            if draw.random() < 0.5:
                headers["Session"] = session
            url = client.url(draw.choice(("still", "seen", "nobody", f"still?annotations={draw.choice(GARBAGE)}")))
            method = draw.choice(methods[:-1])
            answer = client.ask(method, url.translate({0: "", 32: ""}), **headers)
            assert answer.status != 500, (method, url, headers)
    for method in methods:
        with Client(port_of(with_tokens)) as client:
            client.sock.sendall(f"{method} {draw.choice(GARBAGE)} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            assert client.answer().status != 500
