"""Configuration files: reading them, checking them as a whole, and building the objects they declare."""

from .build import constructing, make_camera, make_services
from .declarations import (
    BUILT_IN,
    VIAM_IS_OPEN,
    ClarifaiConfig,
    Config,
    LimitsConfig,
    Plugin,
    ServerConfig,
    Tables,
    base_path_of,
    origin_of,
    token_of,
)
from .load import load, load_plugins, parse
from .nodes import ConfigError, Problem, Problems, is_unknown, quoted
from .plugins import with_packages
from .schema import schema

__all__ = [
    "BUILT_IN",
    "VIAM_IS_OPEN",
    "ClarifaiConfig",
    "Config",
    "ConfigError",
    "LimitsConfig",
    "Plugin",
    "Problem",
    "Problems",
    "ServerConfig",
    "Tables",
    "base_path_of",
    "constructing",
    "is_unknown",
    "load",
    "load_plugins",
    "make_camera",
    "make_services",
    "origin_of",
    "parse",
    "quoted",
    "schema",
    "token_of",
    "with_packages",
]
