"""RTSP (RFC 2326): cameras for players and recorders that know nothing else.

* messages     requests, answers, and packets between them
* urls         which camera a URL names, and how
* transports   how packets travel, as client and server agree
* description  the description of a stream (SDP)
* ports        the server's UDP ports
* delivery     how the packets of a session leave
* video        the packet sink of one reader
* session      one session, and its reports
* sessions     all of them
"""

from .description import rtsp_description
from .errors import RtspError
from .messages import MalformedRtsp, RtspMessages, RtspPacket, RtspRequest, rtsp_answer
from .ports import MediaPorts, open_media_ports
from .session import RtspSession
from .sessions import RtspSessions
from .transports import rtsp_transport
from .urls import RTSP_TRACK, RtspUrl, rtsp_url
from .video import RtspVideo

__all__ = [
    "RTSP_TRACK",
    "MalformedRtsp",
    "MediaPorts",
    "RtspError",
    "RtspMessages",
    "RtspPacket",
    "RtspRequest",
    "RtspSession",
    "RtspSessions",
    "RtspUrl",
    "RtspVideo",
    "open_media_ports",
    "rtsp_answer",
    "rtsp_description",
    "rtsp_transport",
    "rtsp_url",
]
