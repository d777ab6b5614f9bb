"""The interface for APIs of other systems in the app, with routes and an error format of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from fastapi import APIRouter
from fastapi.responses import Response

from ...core import RequestError
from .problems import headers_of, response_to


class Extension(Protocol):
    """An API of another system, with its own paths.

    Attributes:
        router: The routes.
    """

    router: APIRouter

    def writes_errors_of(self, method: str, path: str) -> bool:
        """Return whether the errors of a request have the extension's own format."""

    def response_to(self, error: RequestError, headers: Mapping[str, str]) -> Response:
        """Return an error in the extension's own format.

        Args:
            error: The error of an endpoint, or of the access check.
            headers: Headers of the error, such as ``Retry-After``.
        """


def error_response(extensions: Sequence[Extension], method: str, path: str, error: RequestError) -> Response:
    """Return an error in the format of the request's extension, or else as a problem document."""
    for extension in extensions:
        if extension.writes_errors_of(method, path):
            return extension.response_to(error, headers_of(error))
    return response_to(error)
