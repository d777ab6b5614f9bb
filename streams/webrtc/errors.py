"""What can go wrong at this exit."""

from __future__ import annotations


class OfferError(Exception):
    """A viewer's request that cannot be met.

    Attributes:
        status: The HTTP status that says so.
        detail: A sentence for the viewer.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
