"""The declaration of one camera, which its feed and its producer are made from."""

from .camera import SETTINGS, CameraConfig
from .stream import StreamConfig
from .transform import DownstreamAttributes, TransformAttributes, TransformConfig

__all__ = [
    "SETTINGS",
    "CameraConfig",
    "DownstreamAttributes",
    "StreamConfig",
    "TransformAttributes",
    "TransformConfig",
]
