"""HTTP: the API, WHEP and the pages, and how every error is written there."""

from .extensions import Extension
from .server import HttpServer

__all__ = ["Extension", "HttpServer"]
