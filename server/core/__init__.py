"""The protocol-independent part of the server: access tokens, limits, predictions, camera state and threads."""

from .backend import Backend, model_errors, open_backend
from .bodies import Bodies, Body
from .errors import (
    BrokenOff,
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
from .frames import captured_at, frame_of, held_picture_of, picture_of
from .image_urls import DownloadFailed, DownloadTooLarge, ImageUrlError, ImageUrls, InvalidUrl, Unreachable
from .info import camera_info, service_info
from .limits import PARTS_AT_ONCE, client_of, too_large, too_many, within_limits
from .predictions import PICTURE_LIMITS, Wanted, decode, recognised, reply, require_kind
from .proxies import TrustedProxies
from .threads import on_thread
from .tokens import TRIES, MissingToken, Tokens, TooManyTokens, WrongToken
from .workers import Workers

__all__ = [
    "PARTS_AT_ONCE",
    "PICTURE_LIMITS",
    "TRIES",
    "Backend",
    "Bodies",
    "Body",
    "BrokenOff",
    "DownloadFailed",
    "DownloadTooLarge",
    "ImageUrlError",
    "ImageUrls",
    "InvalidRequest",
    "InvalidUrl",
    "MissingToken",
    "ModelUnavailable",
    "NoFrame",
    "NotFound",
    "RequestError",
    "Tokens",
    "TooLarge",
    "TooManyRequests",
    "TooManyTokens",
    "TooSlow",
    "TrustedProxies",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "Unreadable",
    "Unsupported",
    "UnsupportedMedia",
    "Wanted",
    "Workers",
    "WrongToken",
    "camera_info",
    "captured_at",
    "client_of",
    "decode",
    "frame_of",
    "held_picture_of",
    "model_errors",
    "on_thread",
    "open_backend",
    "picture_of",
    "recognised",
    "reply",
    "require_kind",
    "service_info",
    "too_large",
    "too_many",
    "within_limits",
]
