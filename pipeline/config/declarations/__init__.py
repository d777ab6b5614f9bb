"""The types of a configuration: the blocks of the file, the tables of kinds, and the resulting :class:`Config`."""

from .blocks import MODEL, VISION, CameraBlock, ServiceBlock, TransformBlock, TransformCameraBlock
from .declared import Config, Locations, files_of, files_of_camera, files_of_model, files_of_service
from .limits import LimitsConfig
from .server import SELF_SIGNED, ClarifaiConfig, ServerConfig, TlsConfig
from .site import OWN_PATHS, base_path_of, origin_of
from .stamps import Stamp, files_in, stamp_of
from .tables import BUILT_IN, Plugin, PluginKind, Tables
from .tokens import RIGHTS, Token, hash_of, plain_token, token_of

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
    "RIGHTS",
    "SELF_SIGNED",
    "TlsConfig",
    "Token",
    "PluginKind",
    "ServerConfig",
    "ServiceBlock",
    "Stamp",
    "Tables",
    "TransformBlock",
    "TransformCameraBlock",
    "VISION",
    "base_path_of",
    "files_in",
    "files_of",
    "files_of_camera",
    "files_of_model",
    "files_of_service",
    "origin_of",
    "hash_of",
    "plain_token",
    "stamp_of",
    "token_of",
]
