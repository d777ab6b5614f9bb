"""The transports that clients offer, and which of them the server takes."""

from __future__ import annotations

import pytest

from streams import RtspError, rtsp_transport
from streams.rtsp.transports import OFFERS_MAX, Channels, ClientPorts

CLIENT = "192.0.2.1"


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1", Channels(0, 1)),  # FFmpeg, go2rtc
        ("RTP/AVP/TCP;unicast;interleaved=4-5;mode=play", Channels(4, 5)),
        ("RTP/AVP/TCP;unicast", Channels(0, 1)),  # some recorders
        ("RTP/AVP/TCP;interleaved=2", Channels(2, 3)),
        ("RTP/AVP;unicast;client_port=65458-65459", ClientPorts(65458, 65459)),  # VLC, ExoPlayer
        ("RTP/AVP/UDP;unicast;client_port=27452-27453", ClientPorts(27452, 27453, "RTP/AVP/UDP")),  # FFmpeg
        ("RTP/AVP/UDP;client_port=22660-22661", ClientPorts(22660, 22661, "RTP/AVP/UDP")),  # Moonfire
        ("RTP/AVP;unicast;client_port=5000", ClientPorts(5000, 5001)),
        ('RTP/AVP;UNICAST;Client_Port=5000-5001;mode="PLAY"', ClientPorts(5000, 5001)),
        ("RTP/AVP;unicast;destination=192.0.2.1;client_port=5000-5001", ClientPorts(5000, 5001)),
        ("RTP/AVP;multicast;ttl=127, RTP/AVP;unicast;client_port=6000-6001", ClientPorts(6000, 6001)),
        ("RTP/SAVP;unicast;client_port=1-2,RTP/AVP/TCP;interleaved=0-1", Channels(0, 1)),
        ("RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1", ClientPorts(5000, 5001)),
    ],
)
def test_the_first_that_the_server_has_is_taken(header: str, chosen: Channels | ClientPorts) -> None:
    assert rtsp_transport(header, CLIENT) == chosen
    assert rtsp_transport(header, f"::ffff:{CLIENT}") == chosen


@pytest.mark.parametrize(
    "header",
    [
        "",
        "RTP/AVP;multicast;port=5000-5001",
        "RTP/AVP;unicast",
        "RTP/AVP;unicast;client_port=0-1",
        "RTP/AVP;unicast;client_port=70000-70001",
        "RTP/AVP;unicast;client_port=a-b",
        "RTP/AVP;unicast;client_port=5000-5000",
        "RTP/AVP;unicast;client_port=5000-5001;destination=192.0.2.9",  # somebody else
        "RTP/AVP;unicast;client_port=5000-5001;mode=record",
        "RTP/SAVP;unicast;client_port=5000-5001",
        "RTP/AVP/TCP;unicast;interleaved=0-1;destination=192.0.2.9",
        "RAW/RAW/UDP;unicast;client_port=5000",
        ";;,;=;",
    ],
)
def test_all_else_is_refused(header: str) -> None:
    with pytest.raises(RtspError) as caught:
        rtsp_transport(header, CLIENT)
    assert caught.value.status == 461
    assert caught.value.detail == (
        "possible are RTP/AVP;unicast;client_port=A-B to the address of the connection, or RTP/AVP/TCP;interleaved=A-B"
    )


def test_without_ports_of_the_server_there_is_only_tcp() -> None:
    header = "RTP/AVP;unicast;client_port=5000-5001"
    with pytest.raises(RtspError, match="possible are RTP/AVP/TCP;interleaved=A-B"):
        rtsp_transport(header, CLIENT, has_udp=False)
    assert rtsp_transport(f"{header},RTP/AVP/TCP", CLIENT, has_udp=False) == Channels(0, 1)


def test_of_many_transports_only_some_are_looked_at() -> None:
    header = ",".join(["RTP/SAVP"] * (OFFERS_MAX - 1))
    assert rtsp_transport(f"{header},RTP/AVP/TCP", CLIENT) == Channels(0, 1)
    with pytest.raises(RtspError):
        rtsp_transport(f"{header},RTP/SAVP,RTP/AVP/TCP", CLIENT)


def test_channels_belong_to_one_session() -> None:
    assert rtsp_transport("RTP/AVP/TCP;unicast", CLIENT, taken=[0, 1, 3]) == Channels(4, 5)
    with pytest.raises(RtspError):
        rtsp_transport("RTP/AVP/TCP;unicast;interleaved=1-2", CLIENT, taken=[0, 1])
    with pytest.raises(RtspError):
        rtsp_transport("RTP/AVP/TCP;unicast", CLIENT, taken=range(256))
