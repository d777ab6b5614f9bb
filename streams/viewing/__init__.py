"""Who watches cameras live, in whatever way: how many may, who does, and when each of them ends."""

from .admission import Admission, Admissions
from .errors import (
    NoConnection,
    NotStreamed,
    TooManyOffers,
    TooManyOffersOfAddress,
    TooManyPeers,
    TooManyPeersOfAddress,
    UnknownCamera,
    ViewingError,
)
from .readers import GraphView, Reader, Readers
from .traffic import TotalTraffic, Traffic

__all__ = [
    "Admission",
    "Admissions",
    "GraphView",
    "NoConnection",
    "NotStreamed",
    "Reader",
    "Readers",
    "TooManyOffers",
    "TooManyOffersOfAddress",
    "TooManyPeers",
    "TooManyPeersOfAddress",
    "TotalTraffic",
    "Traffic",
    "UnknownCamera",
    "ViewingError",
]
