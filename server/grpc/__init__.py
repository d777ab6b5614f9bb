"""gRPC for the ports of other systems: connections within limits, requests within limits, and refusals in sentences.

* frames      what the frames of a connection cost
* connection  one HTTP/2 connection within limits
* port        a port with its methods
* receive     the request of a call within limits
* wire        messages parsed without stopping the event loop
"""

from .port import GrpcPort, Methods, check_grpclib, open_port, refusing
from .receive import address_of, received_within, send_within
from .wire import parse, parsed

__all__ = [
    "GrpcPort",
    "Methods",
    "address_of",
    "check_grpclib",
    "open_port",
    "parse",
    "parsed",
    "received_within",
    "refusing",
    "send_within",
]
