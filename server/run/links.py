"""Links for watching a camera, made without the server."""

from __future__ import annotations

import re
import time

from pipeline import Config

from ..core import Grants
from ..program import UsageError
from .addresses import url_for_others


def watch_link(config: Config, camera: str, lasts_s: float, token: str | None = None, url: str | None = None) -> str:
    """Return an address at which a camera can be watched for a time.

    Args:
        config: The configuration that the server has, or will have.
        camera: The camera.
        lasts_s: How long, in seconds.
        token: The name of the token that gives the permission; the first one that may, by default.
        url: The address of the server, as clients have it; default: from the configuration.

    Raises:
        UsageError: No token can give this permission, the camera is private, or the address is unknown or no URL.
    """
    if config.cameras[camera].private:
        raise UsageError(f"camera {camera} is private: it cannot be watched")
    server = config.server
    if not server.tokens:
        raise UsageError(
            "the configuration has no tokens under server.tokens, so that links are neither needed nor possible"
        )
    if token is not None and token not in [each.name for each in server.tokens]:
        raise UsageError(f'there is no token named "{token}"')
    able = [
        each
        for each in server.tokens
        if "view" in each.rights and (each.cameras is None or camera in each.cameras) and token in (None, each.name)
    ]
    if not able:
        whose = "no token has" if token is None else f"token {token} does not have"
        raise UsageError(f"{whose} the right to view camera {camera}")
    if url is None and server.port == 0:
        raise UsageError("server.port is 0, so that the address is not known yet; give it with --url")
    if url is not None and not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", url):
        raise UsageError(f'--url must be an address such as https://cameras.example/, got "{url}"')
    link = Grants(lambda: server.tokens).sign("link", able[0], camera, time.time() + lasts_s)
    return f"{(url or url_for_others(server)).rstrip('/')}/watch/{camera}?link={link}"
