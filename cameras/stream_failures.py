"""What FFmpeg's errors mean for a stream: the kind of failure, and words for the user."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit

import av
from av.error import FFmpegError

from .base import CameraAccessDenied, CameraError, CameraUnreachable
from .network import ESCAPING, HIDDEN, redact_url

ELSEWHERE = "the host leads to another address in a private network, which is not followed: set that one as url"

_REDIRECTS = "only redirects of OPTIONS and DESCRIBE are followed; if the host redirects, set that address as url"

DENIED = {
    401: "401 unauthorized; user and password are missing or wrong",
    403: "403 forbidden; this user has no access",
}
"""The words for a host that does not accept user and password, by its status."""

UNSUPPORTED_DIGEST = "the host asks for Digest authentication with {}, which is not supported; allow Basic or MD5 there"

# Errors of a connection that nothing answers.
_UNREACHABLE = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN, errno.ETIMEDOUT}
)
_REASONS = {
    av.error.ConnectionRefusedError: "connection refused; nothing listens there",
    av.error.ConnectionResetError: "the other side broke the connection",
    av.error.HTTPUnauthorizedError: DENIED[401],
    av.error.HTTPForbiddenError: DENIED[403],
    av.error.HTTPNotFoundError: "404 not found; the host answers, but has no such stream",
    av.error.HTTPBadRequestError: "400 bad request; the server does not understand the address",
    av.error.HTTPTooManyRequestsError: "429 too many requests; the server asks for a pause",
    av.error.HTTPOtherClientError: "the server refuses the request",
    av.error.HTTPServerError: "server error",
    av.error.EOFError: "the host closes the connection before any video",
    av.error.ProtocolNotFoundError: "this build of FFmpeg does not support that protocol",
}


# A host that answers so will answer the next try so, too.
_REFUSALS = (av.error.HTTPClientError, av.error.InvalidDataError, av.error.ProtocolNotFoundError)


def lasts(error: FFmpegError | OSError) -> bool:
    """Return whether a host has answered that it has no such stream, or not for us, so that a wait does not help."""
    if error.errno == errno.EPROTONOSUPPORT:  # RTSP's 461
        return True
    return isinstance(error, _REFUSALS) and not isinstance(error, av.error.HTTPTooManyRequestsError)


def may_lead_elsewhere(error: FFmpegError) -> bool:
    """Return whether the answer may be a redirect (EIO, if none is allowed) or a playlist (EINVAL, if not allowed)."""
    return error.errno in (errno.EIO, errno.EINVAL)


def opening_failure(error: FFmpegError | OSError, url: str) -> tuple[type[CameraError], str]:
    """Return the kind of failure and the reason why a stream could not be opened.

    Args:
        error: FFmpeg's error, or that of a connection.
        url: The URL of the stream.
    """
    if url.startswith("rtsp") and isinstance(error, av.error.InvalidDataError):
        return (
            CameraError,
            f"the host answers, but with no description of a video, or not 200 OK to SETUP; {_REDIRECTS}",
        )
    if url.startswith("rtsp") and error.errno == errno.EPERM:  # of any status that FFmpeg has no error for
        return CameraError, f"the host describes a video, but does not answer 200 OK to PLAY; {_REDIRECTS}"
    if isinstance(error, av.error.InvalidDataError):
        return CameraError, "the host answers, but not with video (perhaps with a web page)"
    if isinstance(error, OSError) and not _resolves(url):
        unclear = "@" in url and redact_url(url).endswith(HIDDEN)
        return CameraUnreachable, f"no such host; {ESCAPING}" if unclear else "no such host"
    if error.errno == errno.EPROTONOSUPPORT and url.startswith("rtsp"):
        return CameraError, "461 unsupported transport; set transport: udp, or tcp if it is udp now"
    if error.errno == errno.EIO:  # the end of a response without a length
        return CameraError, "the host answers, but closes the connection before any video (perhaps after a web page)"
    if error.errno == errno.EINVAL:
        return CameraError, "the host answers, but with a format that is not supported"
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return CameraAccessDenied, reason(error)
    return CameraUnreachable if error.errno in _UNREACHABLE else CameraError, reason(error)


def reason(error: FFmpegError | OSError) -> str:
    """Return the words for an error."""
    if error.errno == errno.ECONNREFUSED:  # of Python, which has another class
        return _REASONS[av.error.ConnectionRefusedError]
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, TimeoutError) and not isinstance(error, FFmpegError):
        return "the host does not answer"
    for kind, words in _REASONS.items():
        if isinstance(error, kind):
            return words
    return (error.strerror or type(error).__name__).lower()


def _resolves(url: str) -> bool:
    try:
        socket.getaddrinfo(urlsplit(url).hostname, None)
    except (OSError, UnicodeError):  # UnicodeError: a label of more than 63 letters
        return False
    return True
