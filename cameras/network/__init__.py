"""The network side of cameras: addresses, URLs without their secrets, and where a request may lead."""

from .addresses import Address, is_private, is_public
from .http_guard import HttpGuard
from .urls import ESCAPING, HIDDEN, is_url, one_line, redact_url, safe_text, url_problem

__all__ = [
    "ESCAPING",
    "HIDDEN",
    "Address",
    "HttpGuard",
    "is_private",
    "is_public",
    "is_url",
    "one_line",
    "redact_url",
    "safe_text",
    "url_problem",
]
