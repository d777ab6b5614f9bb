"""HTTP: the API, WHEP and the pages, and how every error is written there."""

from .messages import Extension
from .server import HttpServer, check_http_libraries

__all__ = ["Extension", "HttpServer", "check_http_libraries"]
