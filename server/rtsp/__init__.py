"""RTSP: the port for players and recorders.

* access    tokens as Digest and Basic have them
* service   the answers to requests
* protocol  one connection
* port      the port
"""

from .port import RtspPort, open_rtsp

__all__ = ["RtspPort", "open_rtsp"]
