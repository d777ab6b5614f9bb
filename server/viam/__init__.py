"""The entrance for Viam's clients: cameras and vision services over the gRPC that their packages speak.

Needs the extra ``viam``, of which only the messages are used; imported when the configuration asks for it.
"""

from .entrance import ViamEntrance, open_viam

__all__ = ["ViamEntrance", "open_viam"]
