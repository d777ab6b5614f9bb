"""Reading of requests within limits, and the forms of replies and errors."""

from .body import URLS_BYTES_MAX, Part, named_urls, pictures_of, read_body
from .extensions import Extension, error_response
from .problems import PROBLEM_TYPE, HttpError, document, handle_errors, response_to
from .replies import CameraInfo, PredictionReplies, PredictionReply, ServiceInfo, problems

__all__ = [
    "PROBLEM_TYPE",
    "URLS_BYTES_MAX",
    "CameraInfo",
    "Extension",
    "Part",
    "PredictionReplies",
    "PredictionReply",
    "HttpError",
    "ServiceInfo",
    "document",
    "error_response",
    "handle_errors",
    "named_urls",
    "pictures_of",
    "problems",
    "read_body",
    "response_to",
]
