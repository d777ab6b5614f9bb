"""What every protocol asks, knowing none: who may ask, limits, predictions, status, and the threads that work."""

from .backend import Backend, open_backend
from .image_urls import DownloadFailed, DownloadTooLarge, ImageUrlError, ImageUrls, InvalidUrl, Unreachable
from .limits import (
    FRAME_WITHIN_S,
    GRACE_S,
    MESSAGE_BYTES_MAX,
    PARTS_AT_ONCE,
    PARTS_MAX,
    PICTURE_BYTES_MAX,
    RATE_MIN,
    too_large,
    too_many,
    within_limits,
)
from .predictions import Wanted, decode, recognised, reply
from .problems import Problem, unavailable
from .status import camera_status, captured_at, no_frame
from .threads import on_thread
from .tokens import TRIES, MissingToken, TokenProblem, Tokens, TooManyTokens, WrongToken

__all__ = [
    "FRAME_WITHIN_S",
    "GRACE_S",
    "MESSAGE_BYTES_MAX",
    "PARTS_AT_ONCE",
    "PARTS_MAX",
    "PICTURE_BYTES_MAX",
    "RATE_MIN",
    "TRIES",
    "Backend",
    "DownloadFailed",
    "DownloadTooLarge",
    "ImageUrlError",
    "ImageUrls",
    "InvalidUrl",
    "MissingToken",
    "Problem",
    "TokenProblem",
    "Tokens",
    "TooManyTokens",
    "Unreachable",
    "Wanted",
    "WrongToken",
    "camera_status",
    "captured_at",
    "decode",
    "no_frame",
    "on_thread",
    "open_backend",
    "recognised",
    "reply",
    "too_large",
    "too_many",
    "unavailable",
    "within_limits",
]
