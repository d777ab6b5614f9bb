"""The types of a configuration: the blocks of the file, the tables of kinds, and the resulting :class:`Config`."""

from .blocks import MODEL, VISION, CameraBlock, ServiceBlock, TransformBlock, TransformCameraBlock
from .declared import Config, Locations
from .limits import LimitsConfig
from .server import VIAM_IS_OPEN, ClarifaiConfig, ServerConfig, token_of
from .site import OWN_PATHS, base_path_of, origin_of
from .tables import BUILT_IN, Plugin, PluginKind, Tables

__all__ = [
    "BUILT_IN",
    "CameraBlock",
    "ClarifaiConfig",
    "Config",
    "LimitsConfig",
    "Locations",
    "MODEL",
    "OWN_PATHS",
    "Plugin",
    "PluginKind",
    "ServerConfig",
    "ServiceBlock",
    "Tables",
    "TransformBlock",
    "TransformCameraBlock",
    "VIAM_IS_OPEN",
    "VISION",
    "base_path_of",
    "origin_of",
    "token_of",
]
