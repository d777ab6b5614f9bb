"""How an API of another system joins the app: its own routes, and its own form of saying what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from fastapi import APIRouter
from fastapi.responses import Response

from ...core import RequestError
from .problems import headers_of, response_to


class Extension(Protocol):
    """An API of another system, below paths of its own.

    Attributes:
        router: Its routes.
    """

    router: APIRouter

    def writes_errors_of(self, method: str, path: str) -> bool:
        """Tell whether errors of a request are written in its own form."""

    def response_to(self, error: RequestError, headers: Mapping[str, str]) -> Response:
        """Return an error of such a request, in the form that its clients read.

        Args:
            error: Raised by one of its endpoints, or the reason why none was asked.
            headers: Those that go with the error, such as ``Retry-After``.
        """


def error_response(extensions: Sequence[Extension], method: str, path: str, error: RequestError) -> Response:
    """Return an error in the form of the extension that the request is for, or else as a problem document."""
    for extension in extensions:
        if extension.writes_errors_of(method, path):
            return extension.response_to(error, headers_of(error))
    return response_to(error)
