"""A YAML file into a running graph of cameras: read and checked as a whole, run on demand."""

from .chain import Chain
from .clock import Clock, SystemClock
from .config import (
    BUILT_IN,
    TRANSFORM,
    VIAM_IS_OPEN,
    CameraConfig,
    ClarifaiConfig,
    Config,
    ConfigError,
    Problem,
    ServerConfig,
    StreamConfig,
    Tables,
    TransformAttributes,
    TransformConfig,
    load,
    make_camera,
    make_services,
    make_transforms,
    parse,
    schema,
    token_of,
)
from .executor import FrameTask, Run, start_task
from .feed import Feed
from .graph import Graph
from .meters import ByteRate, Counters, Latency, Rate
from .producer import Output, Producer, State
from .reports import Reports
from .watch import Watch

__all__ = [
    "BUILT_IN",
    "TRANSFORM",
    "VIAM_IS_OPEN",
    "ByteRate",
    "CameraConfig",
    "Chain",
    "ClarifaiConfig",
    "Clock",
    "Config",
    "ConfigError",
    "Counters",
    "Feed",
    "FrameTask",
    "Graph",
    "Latency",
    "Output",
    "Problem",
    "Producer",
    "Rate",
    "Reports",
    "Run",
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
    "start_task",
    "token_of",
]
