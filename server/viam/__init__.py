"""The gRPC that Viam's packages speak: cameras, vision services and models on a port of its own.

Needs the extra ``viam``, of which only the messages are used; imported when the configuration asks for it.
"""

from .server import ViamServer, check_grpclib, open_viam

__all__ = ["ViamServer", "check_grpclib", "open_viam"]
