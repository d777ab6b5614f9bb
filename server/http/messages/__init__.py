"""How requests are read within limits, and how replies and errors are written."""

from .body import URLS_BYTES_MAX, Part, named_urls, pictures_of, read_body
from .extensions import Extension, error_response
from .problems import PROBLEM_TYPE, Problem, document, handle_errors, response_to
from .replies import CameraStatus, PredictionReplies, PredictionReply, ServiceDescription, problems

__all__ = [
    "PROBLEM_TYPE",
    "URLS_BYTES_MAX",
    "CameraStatus",
    "Extension",
    "Part",
    "PredictionReplies",
    "PredictionReply",
    "Problem",
    "ServiceDescription",
    "document",
    "error_response",
    "handle_errors",
    "named_urls",
    "pictures_of",
    "problems",
    "read_body",
    "response_to",
]
