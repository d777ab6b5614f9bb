"""How an API of another system joins the app: its own routes, and its own form of saying what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from fastapi import APIRouter
from fastapi.responses import Response

from ..core import TokenProblem


class Extension(Protocol):
    """An API of another system below paths of its own.

    Attributes:
        router: Its routes.
    """

    router: APIRouter

    def answers(self, method: str, path: str) -> bool:
        """Tell whether a request is one of its own, whose refusals it writes itself."""

    def response_to(self, refusal: TokenProblem) -> Response:
        """Return the refusal of such a request, in the form that its clients read."""


def extension_of(extensions: Iterable[Extension], method: str, path: str) -> Extension | None:
    """Return the extension that a request belongs to; ``None`` where it is for the app itself."""
    return next((extension for extension in extensions if extension.answers(method, path)), None)
