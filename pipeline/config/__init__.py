"""Configuration files: reading them, checking them as a whole, and building the objects they declare."""

from .build import constructing, make_camera, make_services
from .declarations import (
    BUILT_IN,
    RIGHTS,
    SELF_SIGNED,
    ClarifaiConfig,
    Config,
    LimitsConfig,
    Plugin,
    ServerConfig,
    Stamp,
    Tables,
    TlsConfig,
    Token,
    base_path_of,
    files_in,
    files_of,
    files_of_camera,
    files_of_service,
    hash_of,
    origin_of,
    plain_token,
    stamp_of,
    token_of,
)
from .load import load, load_plugins, parse, read_text
from .nodes import ConfigError, Problem, Problems, is_unknown, quoted
from .patch import with_attributes
from .plugins import with_packages
from .schema import schema
from .text import with_values

__all__ = [
    "BUILT_IN",
    "RIGHTS",
    "SELF_SIGNED",
    "ClarifaiConfig",
    "Config",
    "ConfigError",
    "LimitsConfig",
    "Plugin",
    "Problem",
    "Problems",
    "ServerConfig",
    "Stamp",
    "Tables",
    "base_path_of",
    "TlsConfig",
    "Token",
    "constructing",
    "files_in",
    "files_of",
    "files_of_camera",
    "files_of_service",
    "is_unknown",
    "load",
    "load_plugins",
    "make_camera",
    "make_services",
    "origin_of",
    "parse",
    "quoted",
    "read_text",
    "schema",
    "hash_of",
    "plain_token",
    "stamp_of",
    "token_of",
    "with_attributes",
    "with_packages",
    "with_values",
]
