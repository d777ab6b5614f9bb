"""Viam's gRPC API for cameras, vision services and models, on a port of its own.

Needs the extra ``viam``, for its messages only; imported if the configuration has ``server.viam``.
"""

from .server import open_viam

__all__ = ["open_viam"]
