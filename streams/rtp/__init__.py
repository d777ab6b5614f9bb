"""RTP: pictures as packets that are made once for all viewers, and the stream of each viewer."""

from .h264 import h264_payloads, h264_units
from .layout import HIGHEST_ID, Extensions, Layout
from .limits import PACKET_MAX
from .path import Path, RelayPath, SocketPath
from .reports import ReceiverReport, Reception, goodbye, receiver_report, round_trip_s, short_ntp_time
from .srtp import SrtpError, self_test
from .stream import CLOCK_RATE, Repeats, RtpStream, Transmitter
from .vp8 import vp8_payloads

__all__ = [
    "CLOCK_RATE",
    "Extensions",
    "HIGHEST_ID",
    "Layout",
    "PACKET_MAX",
    "Path",
    "ReceiverReport",
    "Reception",
    "RelayPath",
    "Repeats",
    "RtpStream",
    "SocketPath",
    "SrtpError",
    "Transmitter",
    "goodbye",
    "h264_payloads",
    "h264_units",
    "receiver_report",
    "round_trip_s",
    "self_test",
    "short_ntp_time",
    "vp8_payloads",
]
