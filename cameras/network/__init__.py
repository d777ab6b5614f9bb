"""The network side of cameras: addresses, URLs without their secrets, HTTP, and where a request may lead."""

from .addresses import Address, is_private, is_public
from .http import REDIRECTS_MAX, HttpClient, HttpClosed, HttpFailure, HttpResponse
from .http_guard import HttpGuard
from .picture_parts import PictureParts
from .reach import PORTS
from .rtsp import RtspClosed, RtspFailure, led_url, offered_digests
from .urls import ESCAPING, HIDDEN, has_user, is_url, normal_url, one_line, redact_url, safe_text, url_problem

__all__ = [
    "ESCAPING",
    "HIDDEN",
    "PORTS",
    "REDIRECTS_MAX",
    "PictureParts",
    "Address",
    "HttpClient",
    "HttpClosed",
    "HttpFailure",
    "HttpGuard",
    "HttpResponse",
    "RtspClosed",
    "RtspFailure",
    "has_user",
    "is_private",
    "is_public",
    "is_url",
    "led_url",
    "normal_url",
    "offered_digests",
    "one_line",
    "redact_url",
    "safe_text",
    "url_problem",
]
