"""Find one cookie of a request, without reading the others: a head has room for thousands of them."""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.types import Scope


def cookie_name(port: int) -> str:
    """Return the name of the cookie of browsers that have signed in.

    Browsers share cookies between the ports of a host, so each server needs a name of its own.
    """
    return f"camweave-{port}"


def cookie_in(scope: Scope, name: str) -> str:
    """Return the value of a cookie of a request, as it was set; empty without one."""
    for header, value in scope["headers"]:
        if header == b"cookie" and name.encode() in value and (found := _pattern(name).findall(b";" + value)):
            text: str = found[-1].strip().decode("latin-1")
            if text:
                return text
    return ""


@lru_cache
def _pattern(name: str) -> re.Pattern[bytes]:
    return re.compile(rb";[ \t]*" + re.escape(name).encode() + rb"[ \t]*=([^;]*)")
