"""TCP connections of all ports: accepted and counted together, read by turns, closed if a client does not read.

* acceptor     accepts the connections of every port, within their limits
* certificate  the certificate of a port, for TLS
* connection   one connection: what stands between its transport and the protocol of its port
* turns        lets requests be read and answered by turns, a few milliseconds at a time
"""

from .acceptor import Acceptor, Port
from .certificate import Certificate
from .connection import CONNECTION, HEAD_S, PORTION, Connection, PortProtocol
from .turns import Turns, by_turns

__all__ = [
    "CONNECTION",
    "HEAD_S",
    "PORTION",
    "Acceptor",
    "Certificate",
    "Connection",
    "Port",
    "PortProtocol",
    "Turns",
    "by_turns",
]
