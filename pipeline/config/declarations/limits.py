"""The ``limits:`` block of ``server:``, the one table of limits on what clients and cameras may cost."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cameras import MAX_PIXELS, Attributes, PictureLimits


def _count(default: int, description: str, *, most: int = 1_000_000) -> Any:
    return Field(default, ge=1, le=most, description=description)


def _bytes(default: int, description: str, *, most: int = 2**31 - 1) -> Any:
    return Field(default, ge=1000, le=most, description=description)


def _seconds(default: float, description: str) -> Any:
    return Field(default, gt=0, le=86_400, description=description)


class LimitsConfig(Attributes):
    """Limits of the server, with defaults that are safe on a network.

    Every room reads them from the present configuration, ``graph.config.server.limits``, for each request.
    """

    body_bytes: int = _bytes(128_000_000, "Largest body of a request.")
    body_idle_s: float = _seconds(15.0, "Longest pause while a body arrives.")
    body_total_s: float = _seconds(300.0, "Longest time for a whole body.")
    bodies: int = _count(64, "Requests with a body at once.")
    bodies_per_address: int = _count(32, "Requests with a body at once from one address.")
    inputs: int = _count(128, "Pictures in one request.", most=10_000)
    picture_bytes: int = _bytes(19_999_999, "Largest picture file.")
    picture_pixels: int = _count(MAX_PIXELS, "Largest picture in pixels, of requests and cameras.", most=2**31 - 1)
    picture_decode_s: float = _seconds(10.0, "Most CPU time to decode a picture.")
    inference_s: float = _seconds(30.0, "Longest time of one inference.")
    header_bytes: int = _bytes(32_768, "Largest head of a request.", most=1_000_000)
    sdp_bytes: int = _bytes(64_000, "Largest SDP of a viewer.", most=1_000_000)
    candidates: int = _count(64, "ICE candidates of a viewer; further ones are ignored.", most=1000)
    connections: int = _count(1000, "Connections at once, of all ports together.")
    connections_per_address: int = _count(250, "Connections at once from one address, of all ports together.")
    write_s: float = _seconds(30.0, "Longest time that a client may not read its answer.")
    viewers: int = _count(250, "Viewers at once.", most=100_000)
    viewers_per_address: int = _count(100, "Viewers at once from one address.", most=100_000)
    viewers_per_camera: int = _count(250, "Viewers of one camera at once.", most=100_000)
    pending_offers: int = _count(32, "Viewers at once that have an answer but no connection yet.", most=100_000)

    @property
    def pictures(self) -> PictureLimits:
        """The limits of each picture from outside."""
        return PictureLimits(self.picture_pixels, self.picture_decode_s)
