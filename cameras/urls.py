"""Addresses of streams: which are taken, and how they are shown without what is secret in them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp", "tls")

_SECRET = re.compile(
    r"([^?&;/=#]*(?:user|login|pass|pwd|token|key|secret|auth|sig|cred|session|jwt|streamid)[^?&;/=#]*=)[^&;/#\s]+",
    re.IGNORECASE,
)
_USER = re.compile(r"(://)[^/\s?#]*@")
# A password may hold a slash, a question mark or an @ that should have been escaped. So all up to the last @ goes, even
# where that hides some harmless path.
_USER_AND_PASSWORD = re.compile(r"(://)[^/\s@:]*:\S*@")


def redact_url(text: str) -> str:
    """Return a URL, or a text with URLs in it, without users, passwords and the values of keys that look secret."""
    text = _USER_AND_PASSWORD.sub(r"\1***@", _USER.sub(r"\1***@", text))
    return _SECRET.sub(r"\1***", text)


def url_problem(url: str) -> str | None:
    """Return what keeps a text from being the address of a stream, telling no secret; ``None`` if nothing does."""
    scheme, separator, _ = url.partition(":")
    scheme = scheme.lower()
    if not separator or not scheme.isidentifier():
        return "must be a URL such as rtsp://camera.local/stream; for a file use model: video_file"
    if scheme == "file":
        return "must be the address of a stream, got a file: use model: video_file"
    if scheme not in SCHEMES:
        return f"must begin with one of {', '.join(f'{known}://' for known in SCHEMES)}, got {scheme}:"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"is no URL that can be understood: {redact_url(url)}"
    # udp://@:1234 and srt://:1234 listen, without naming a host.
    if not parts.hostname and (port is None or scheme not in ("udp", "rtp", "srt", "tcp")):
        return f"must name a host, as in {scheme}://camera.local/, got {redact_url(url)}"
    return None
