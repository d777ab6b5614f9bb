"""A YAML file into a running graph of cameras: read and checked as a whole, run on demand."""

from .build import make_camera, make_services, make_transforms
from .chain import Chain
from .clock import Clock, SystemClock
from .config import (
    TRANSFORM,
    CameraConfig,
    Config,
    ConfigError,
    Problem,
    ServerConfig,
    StreamConfig,
    TransformAttributes,
    TransformConfig,
    load,
    parse,
)
from .graph import Graph
from .meters import Counters, Latency, Rate
from .reports import Reports
from .running import RunningCamera, State
from .schema import schema
from .server_config import VIAM_IS_OPEN, ClarifaiConfig, token_of
from .tables import BUILT_IN, Tables
from .watch import Watch

__all__ = [
    "BUILT_IN",
    "TRANSFORM",
    "VIAM_IS_OPEN",
    "CameraConfig",
    "Chain",
    "ClarifaiConfig",
    "Clock",
    "Config",
    "ConfigError",
    "Counters",
    "Graph",
    "Latency",
    "Problem",
    "Rate",
    "Reports",
    "RunningCamera",
    "ServerConfig",
    "State",
    "StreamConfig",
    "SystemClock",
    "Tables",
    "TransformAttributes",
    "TransformConfig",
    "Watch",
    "load",
    "make_camera",
    "make_services",
    "make_transforms",
    "parse",
    "schema",
    "token_of",
]
