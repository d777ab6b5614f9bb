"""The URLs of streams: which camera, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from .errors import RtspError

RTSP_TRACK = "trackID=0"
"""The address of the video below that of its stream."""

_SCHEMES = ("", "rtsp", "rtspu", "rtsps")
_TRACK = re.compile(r"\w{1,20}")
_YES_OR_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class RtspUrl:
    """A stream, as a URL names it.

    Attributes:
        camera: The name of the camera.
        annotations: Whether its annotations are painted.
        base: The URL of the whole stream, without a user, without the track and without a slash at its end.
        track: The track that it names; ``None`` for the whole stream.
    """

    camera: str
    annotations: bool
    base: str
    track: str | None


def rtsp_url(url: str) -> RtspUrl:
    """Return the stream that a URL names.

    Clients join the address of the track to that of the stream in two ways: FFmpeg and VLC put it behind the query,
    ``/porch?annotations=false/trackID=0``, GStreamer before it. Both are understood, with any number of slashes.
    Parameters that are unknown here are ignored: recorders add their own.

    Args:
        url: The URL of a request.

    Raises:
        RtspError: It cannot be read.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise RtspError(400, "the URL cannot be read") from None
    if parts.scheme not in _SCHEMES:
        raise RtspError(400, f"the URL must begin with rtsp://, got {parts.scheme[:20]}://")
    query, track = _without_track(parts.query)
    path = parts.path.rstrip("/")
    if track is None:
        path, track = _without_track(path)
    authority = f"[{host}]" if ":" in host else host
    if port is not None:
        authority += f":{port}"
    start = f"{parts.scheme}://{authority}" if parts.scheme else ""
    base = f"{start}{path}{f'?{query}' if query else ''}"
    return RtspUrl(unquote(path).strip("/"), _annotations(query), base, track)


def _without_track(text: str) -> tuple[str, str | None]:
    """Return a text without the track at its end and without slashes there, and the track; ``None`` without one."""
    text = text.rstrip("/")
    before, name, track = text.rpartition("trackID=")
    return (before.rstrip("/"), track) if name and _TRACK.fullmatch(track) else (text, None)


def _annotations(query: str) -> bool:
    try:
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=100)).get("annotations", "true")
    except ValueError:
        raise RtspError(400, "the URL has too many parameters") from None
    wanted = _YES_OR_NO.get(given.lower())
    if wanted is None:
        raise RtspError(400, f'annotations must be true or false, got "{given[:20]}"')
    return wanted
