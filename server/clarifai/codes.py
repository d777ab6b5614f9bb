"""Clarifai's status codes of predictions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from cameras import safe_text

from ..core import (
    DownloadFailed,
    Forbidden,
    InvalidUrl,
    MissingToken,
    ModelUnavailable,
    NotFound,
    RequestError,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unreachable,
    Unreadable,
    UnsupportedMedia,
    WrongToken,
)


class Code(IntEnum):
    """A status code; replies have the number, and clients print this name.

    Clarifai has two names for 30002; its Python client prints the other one, ``INPUT_FAILED``.
    """

    SUCCESS = 10000
    MIXED_STATUS = 10010
    FAILURE = 10020
    CONN_THROTTLED = 11005
    CONN_INSUFFICIENT_SCOPES = 11007
    CONN_KEY_INVALID = 11008
    CONN_KEY_NOT_FOUND = 11009
    CONN_BAD_REQUEST_FORMAT = 11100
    MODEL_TRAINED = 21100
    MODEL_DOES_NOT_EXIST = 21200
    MODEL_PREDICTION_FAILED = 21313
    MODEL_BUSY_PLEASE_RETRY = 21354
    INPUT_DOWNLOAD_FAILED = 30002
    INPUT_UNSUPPORTED_FORMAT = 30101
    INPUT_INVALID_ARGUMENT = 30104
    INPUT_OVER_LIMIT = 30105
    INPUT_INVALID_URL = 30106
    ALL_INPUT_INVALID_BYTES = 30300
    INPUT_CONNECTION_FAILED = 39996
    PREDICT_INVALID_REQUEST = 40001
    INTERNAL_SERVER_ISSUE = 98004

    @property
    def description(self) -> str:
        """The description of the code in replies."""
        return _DESCRIPTIONS[self]

    @property
    def http_status(self) -> int:
        """The HTTP status of a reply with this code."""
        return _HTTP.get(self, 400)


_DESCRIPTIONS = {
    Code.SUCCESS: "Ok",
    Code.MIXED_STATUS: "Mixed Success",
    Code.FAILURE: "Failure",
    Code.CONN_THROTTLED: "Too many requests",
    Code.CONN_INSUFFICIENT_SCOPES: "Insufficient scopes",
    Code.CONN_KEY_INVALID: "Invalid API key or Personal Access Token",
    Code.CONN_KEY_NOT_FOUND: "API key or Personal Access Token not found",
    Code.CONN_BAD_REQUEST_FORMAT: "Malformed or invalid request",
    Code.MODEL_TRAINED: "Model is trained and ready",
    Code.MODEL_DOES_NOT_EXIST: "Model does not exist",
    Code.MODEL_PREDICTION_FAILED: "Model prediction failed",
    Code.MODEL_BUSY_PLEASE_RETRY: "Model is busy, please retry",
    Code.INPUT_DOWNLOAD_FAILED: "Input download failed",
    Code.INPUT_UNSUPPORTED_FORMAT: "Input has an unsupported format",
    Code.INPUT_INVALID_ARGUMENT: "Input has an invalid argument",
    Code.INPUT_OVER_LIMIT: "Input is over the limit",
    Code.INPUT_INVALID_URL: "Input has an invalid URL",
    Code.ALL_INPUT_INVALID_BYTES: "Input has invalid bytes",
    Code.INPUT_CONNECTION_FAILED: "Input cannot be connected to",
    Code.PREDICT_INVALID_REQUEST: "Invalid predict request",
    Code.INTERNAL_SERVER_ISSUE: "Internal server issue",
}
_HTTP = {
    Code.SUCCESS: 200,
    Code.MIXED_STATUS: 200,
    Code.CONN_THROTTLED: 429,
    Code.CONN_INSUFFICIENT_SCOPES: 403,
    Code.CONN_KEY_INVALID: 401,
    Code.CONN_KEY_NOT_FOUND: 401,
    Code.MODEL_DOES_NOT_EXIST: 404,
}
# An error that is not listed has the code of its base class.
_OF_ERRORS: Mapping[type[RequestError], Code] = {
    MissingToken: Code.CONN_KEY_NOT_FOUND,
    WrongToken: Code.CONN_KEY_INVALID,
    Forbidden: Code.CONN_INSUFFICIENT_SCOPES,
    TooManyRequests: Code.CONN_THROTTLED,
    NotFound: Code.MODEL_DOES_NOT_EXIST,
    ModelUnavailable: Code.MODEL_PREDICTION_FAILED,
    Unavailable: Code.MODEL_BUSY_PLEASE_RETRY,
    TooLarge: Code.INPUT_OVER_LIMIT,
    UnsupportedMedia: Code.INPUT_UNSUPPORTED_FORMAT,
    Unreadable: Code.ALL_INPUT_INVALID_BYTES,
    InvalidUrl: Code.INPUT_INVALID_URL,
    Unreachable: Code.INPUT_CONNECTION_FAILED,
    DownloadFailed: Code.INPUT_DOWNLOAD_FAILED,
    RequestError: Code.CONN_BAD_REQUEST_FORMAT,
}


class Refused(Exception):
    """A request, or one of its inputs, ends with a code other than success.

    Args:
        code: The status code.
        details: A sentence for the client.
    """

    def __init__(self, code: Code, details: str) -> None:
        self.details = safe_text(details)
        super().__init__(self.details)
        self.code = code


def too_many_inputs(number: int, limit: int) -> Refused:
    """Return the error for too many inputs in one request."""
    return Refused(Code.INPUT_OVER_LIMIT, f"the request has {number} inputs, at most {limit} are allowed")


def code_of_input(error: RequestError) -> Code:
    """Return Clarifai's code for an error of one input."""
    return next(_OF_ERRORS[meaning] for meaning in type(error).__mro__ if meaning in _OF_ERRORS)


def code_of_request(error: RequestError) -> Code:
    """Return Clarifai's code for an error of a whole request."""
    code = code_of_input(error)
    return Code.CONN_THROTTLED if code is Code.MODEL_BUSY_PLEASE_RETRY else code
