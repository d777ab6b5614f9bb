"""The endpoints of the HTTP API and of the pages: a file with a router for each group."""

from . import cameras, configuration, drafts, exits, mse, operations, pages, sign_in, vision, whep
from .signalling import SignallingRouter

__all__ = [
    "SignallingRouter",
    "cameras",
    "configuration",
    "drafts",
    "exits",
    "mse",
    "operations",
    "pages",
    "sign_in",
    "vision",
    "whep",
]
