"""Under which addresses the server is reached: host names, a path prefix, proxies, and origins of other pages."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

OWN_PATHS = frozenset(
    {"api", "docs", "edit", "favicon.ico", "healthz", "metrics", "openapi.json", "page", "publish", "readyz"}
    | {"recordings", "run", "schema.json", "sign-in", "v2", "watch", "whep", "whip"}
)
"""The first parts of the server's own paths. A path prefix that begins with one could not be told from them."""

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_BASE_PATH = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _name(value: str) -> str:
    try:
        return str(ip_address(value.strip("[]")))
    except ValueError:
        name = value.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise ValueError(f'must be a host name without port and path, such as "cam.example.org", got "{value}"')
    return name


def base_path_of(value: str) -> str:
    """Return a path prefix without the slash at its end; empty for the root.

    Raises:
        ValueError: The value is not a path, or begins like the server's own paths.
    """
    path = value.removesuffix("/")
    if not _BASE_PATH.fullmatch(path):
        raise ValueError(f'must be a path such as "/cams": letters, digits, ".", "_", "~" and "-", got "{value}"')
    first = path[1:].partition("/")[0]
    if first in OWN_PATHS:
        raise ValueError(f'must not begin with "/{first}", which is a path of the server itself')
    return path


def _network(value: str) -> str:
    try:
        network = ip_network(value)
    except ValueError:
        try:
            hint = f', did you mean "{ip_network(value, strict=False)}"?'
        except ValueError:
            hint = ""
        rule = 'must be an IP address or a network such as "10.0.0.0/8"'
        raise ValueError(f'{rule}, got "{value}"{hint}') from None
    if network.prefixlen == 0:
        raise ValueError(f'must not contain every address, got "{value}": each client could claim to be any other')
    return str(network)


def _origin(value: str) -> str:
    origin = origin_of(value.removesuffix("/"))
    if origin is None:
        raise ValueError(f'must be scheme, host and port of a page, http or https, without a path; got "{value}"')
    return origin


def origin_of(text: str) -> str | None:
    """Return an origin as browsers write it, in lower case and without the default port; ``None`` if it is none.

    Args:
        text: Such as ``https://www.example.org:8443``, without a path.
    """
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        written = _name(host)
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or text.partition("://")[2] != parts.netloc:
        return None
    name = f"[{written}]" if ":" in written else written
    return f"{parts.scheme}://{name}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


HostName = Annotated[str, AfterValidator(_name)]
BasePath = Annotated[str, AfterValidator(base_path_of)]
Network = Annotated[str, AfterValidator(_network)]
Origin = Annotated[str, AfterValidator(_origin)]
