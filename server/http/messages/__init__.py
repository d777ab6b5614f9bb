"""Reading of requests within limits, and the forms of replies and errors."""

from .accept import quality
from .body import URLS_BYTES_MAX, Part, named_urls, pictures_of, read_body
from .extensions import Extension, error_response
from .problems import PROBLEM_TYPE, HttpError, document, handle_errors, response_to
from .replies import (
    CameraInfo,
    ClockInfo,
    ConfigurationInfo,
    ConfigurationProblem,
    DeviceInfo,
    DraftChanged,
    DraftCreated,
    DraftInfo,
    LinkToken,
    PredictionReplies,
    PredictionReply,
    ReloadReply,
    SavedReply,
    ServiceInfo,
    TransformInfo,
    WrittenReply,
    problems,
)

__all__ = [
    "PROBLEM_TYPE",
    "URLS_BYTES_MAX",
    "CameraInfo",
    "ClockInfo",
    "ConfigurationInfo",
    "ConfigurationProblem",
    "DeviceInfo",
    "DraftChanged",
    "DraftCreated",
    "DraftInfo",
    "Extension",
    "Part",
    "PredictionReplies",
    "PredictionReply",
    "HttpError",
    "LinkToken",
    "ReloadReply",
    "SavedReply",
    "ServiceInfo",
    "TransformInfo",
    "WrittenReply",
    "document",
    "error_response",
    "handle_errors",
    "named_urls",
    "pictures_of",
    "problems",
    "quality",
    "read_body",
    "response_to",
]
