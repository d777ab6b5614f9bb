"""The types of a configuration: the blocks of the file, the tables of kinds, and the resulting :class:`Config`."""

from .blocks import MODEL, VISION, CameraBlock, ServiceBlock, TransformBlock, TransformCameraBlock
from .declared import TRANSFORM, CameraConfig, Config, Locations, TransformAttributes, TransformConfig
from .server import VIAM_IS_OPEN, ClarifaiConfig, ServerConfig, token_of
from .stream import StreamConfig
from .tables import BUILT_IN, Plugin, PluginKind, Tables

__all__ = [
    "BUILT_IN",
    "CameraBlock",
    "CameraConfig",
    "ClarifaiConfig",
    "Config",
    "MODEL",
    "Locations",
    "Plugin",
    "PluginKind",
    "ServerConfig",
    "ServiceBlock",
    "StreamConfig",
    "TRANSFORM",
    "Tables",
    "TransformAttributes",
    "TransformBlock",
    "TransformCameraBlock",
    "TransformConfig",
    "VIAM_IS_OPEN",
    "VISION",
    "token_of",
]
