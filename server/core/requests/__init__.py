"""What one request may cost, whom it counts for, and the errors that refuse it, by meaning."""

from .bodies import Bodies, Body
from .clients import client_of
from .errors import (
    BrokenOff,
    Forbidden,
    InvalidRequest,
    ModelUnavailable,
    NoFrame,
    NotFound,
    RequestError,
    TooLarge,
    TooManyRequests,
    TooSlow,
    Unauthorized,
    Unavailable,
    Unreadable,
    Unsupported,
    UnsupportedMedia,
)
from .limits import PARTS_AT_ONCE, too_large, too_many, within_limits
from .refusals import Refusals

__all__ = [
    "PARTS_AT_ONCE",
    "Bodies",
    "Body",
    "BrokenOff",
    "Forbidden",
    "InvalidRequest",
    "ModelUnavailable",
    "NoFrame",
    "NotFound",
    "Refusals",
    "RequestError",
    "TooLarge",
    "TooManyRequests",
    "TooSlow",
    "Unauthorized",
    "Unavailable",
    "Unreadable",
    "Unsupported",
    "UnsupportedMedia",
    "client_of",
    "too_large",
    "too_many",
    "within_limits",
]
