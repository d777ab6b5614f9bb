"""A request that cannot be answered as it is asked."""

from __future__ import annotations

from collections.abc import Mapping


class Problem(Exception):
    """A request cannot be answered as it is asked.

    Args:
        status: The HTTP status code.
        detail: A sentence for the person who asked: the thing, what was got, what is wanted.
        headers: More headers for the response.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def unavailable(detail: str, retry_after_s: int = 1) -> Problem:
    """Return a 503 that says when to come again."""
    return Problem(503, detail, {"Retry-After": str(retry_after_s)})
