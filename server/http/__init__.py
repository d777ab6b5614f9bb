"""The HTTP server: the API, WHEP, the pages, and the form of errors."""

from .messages import Extension
from .server import HttpServer, check_http_libraries

__all__ = ["Extension", "HttpServer", "check_http_libraries"]
