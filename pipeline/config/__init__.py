"""Configuration files: reading them, checking them as a whole, and building the objects they declare."""

from .build import make_camera, make_services, make_transforms
from .declarations import (
    BUILT_IN,
    TRANSFORM,
    VIAM_IS_OPEN,
    CameraConfig,
    ClarifaiConfig,
    Config,
    Plugin,
    ServerConfig,
    StreamConfig,
    Tables,
    TransformAttributes,
    TransformConfig,
    token_of,
)
from .load import load, load_plugins, parse
from .nodes import ConfigError, Problem, Problems, is_unknown, quoted
from .plugins import with_packages
from .schema import schema

__all__ = [
    "BUILT_IN",
    "TRANSFORM",
    "VIAM_IS_OPEN",
    "CameraConfig",
    "ClarifaiConfig",
    "Config",
    "ConfigError",
    "Plugin",
    "Problem",
    "Problems",
    "ServerConfig",
    "StreamConfig",
    "Tables",
    "TransformAttributes",
    "TransformConfig",
    "is_unknown",
    "load",
    "load_plugins",
    "make_camera",
    "make_services",
    "make_transforms",
    "parse",
    "quoted",
    "schema",
    "token_of",
    "with_packages",
]
