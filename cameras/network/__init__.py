"""The network side of cameras: addresses, URLs without their secrets, HTTP, and where a request may lead."""

from .addresses import Address, is_private, is_public
from .http import HttpClient, HttpClosed, HttpFailure, HttpResponse
from .http_guard import HttpGuard
from .picture_parts import PictureParts
from .reach import PORTS
from .rtsp import Described, RtspClosed, RtspFailure, describe
from .urls import ESCAPING, HIDDEN, has_user, is_url, normal_url, one_line, redact_url, safe_text, url_problem

__all__ = [
    "ESCAPING",
    "Described",
    "HIDDEN",
    "PORTS",
    "PictureParts",
    "Address",
    "HttpClient",
    "HttpClosed",
    "HttpFailure",
    "HttpGuard",
    "HttpResponse",
    "RtspClosed",
    "RtspFailure",
    "describe",
    "has_user",
    "is_private",
    "is_public",
    "is_url",
    "normal_url",
    "one_line",
    "redact_url",
    "safe_text",
    "url_problem",
]
