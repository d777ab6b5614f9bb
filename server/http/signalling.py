"""What endpoints of WebRTC signalling have in common: their bodies, their headers, and the statuses of refusals.

WHEP and WHIP have one shape: an SDP offer is posted and answered with a session, whose address is a secret; the session
is completed with PATCH and ended with DELETE; OPTIONS names what is taken. ``whep.py`` has the routes of WHEP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline import ServerConfig
from streams import (
    SDP_BYTES_MAX,
    EtagMismatch,
    IceRestart,
    InvalidSdp,
    NoConnection,
    NothingInCommon,
    SdpTooLong,
    SignallingError,
    UnknownCamera,
    UnknownSession,
    WhepAnswer,
)

from .access import UNAUTHENTICATED
from .messages import HttpError, read_body

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

STATUS: Mapping[type[SignallingError], int] = {
    InvalidSdp: 400,
    UnknownCamera: 404,
    UnknownSession: 404,
    NothingInCommon: 406,
    EtagMismatch: 412,
    SdpTooLong: 413,
    IceRestart: 422,
    NoConnection: 503,
}
"""The status of each meaning."""

RETRY_AFTER_S = 2
"""When to offer again, after no connection could be made."""


class SignallingRouter(APIRouter):
    """The routes of one signalling protocol; their OPTIONS are answered without a token.

    Clients ask with OPTIONS before they have one. What such a request may learn is for the endpoint to decide
    (:func:`is_authenticated`).
    """

    @property
    def folder(self) -> str:
        """What the paths of all its routes begin with."""
        return f"{self.prefix}/"


def is_authenticated(request: Request) -> bool:
    """Return whether a request may be told what holds data: a good token came with it, or none is needed."""
    return UNAUTHENTICATED not in request.scope


def body_of(media_type: str) -> dict[str, Any]:
    """Return what the API's document says of a text body, for ``openapi_extra``."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": {"type": "string"}}}}}


async def read_offer(request: Request) -> str:
    """Return the SDP offer that a request brings.

    Raises:
        HttpError: 415 for another type of body, 400 for bytes that are no text.
        RequestError: when the body is too long, too slow or broken off.
    """
    _require_type(request, SDP, {"Accept-Post": SDP})
    return _text(await read_body(request, SDP_BYTES_MAX, "an offer"))


async def read_fragment(request: Request) -> str:
    """Return the SDP fragment that a request brings; no body is an empty one, whatever its type.

    Raises:
        HttpError: 415 for another type of body, 400 for bytes that are no text.
        RequestError: when the body is too long, too slow or broken off.
    """
    body = await read_body(request, SDP_BYTES_MAX, "a fragment")
    if body:
        _require_type(request, FRAGMENT)
    return _text(body)


def if_match(request: Request) -> str | None:
    """Return the ETags that a request is meant for, separated by commas; ``None`` when it names none."""
    return ",".join(request.headers.getlist("if-match")) or None


@contextmanager
def signalling_errors() -> Iterator[None]:
    """Turn what ``streams`` refuses in the block into a problem of the status that says so.

    Raises:
        HttpError: for each SignallingError.
    """
    try:
        yield
    except SignallingError as error:
        status = next(STATUS[meaning] for meaning in type(error).__mro__ if meaning in STATUS)
        headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, NoConnection) else None
        raise HttpError(status, error.detail, headers) from error


def created(answer: WhepAnswer, resource: str, config: ServerConfig) -> Response:
    """Return the answer to an offer: 201 with our SDP, and the new session's address and ETag.

    Args:
        answer: The new session and our SDP.
        resource: The path that was posted to, below which the session gets its address.
        config: Names the ICE servers.
    """
    headers = {
        "Location": f"{resource}/{answer.secret}",
        "ETag": answer.etag,
        "Accept-Patch": FRAGMENT,
        "Cache-Control": "no-store",
    }
    response = Response(answer.sdp, 201, headers, media_type=SDP)
    add_links(response, config)
    return response


def add_links(response: Response, config: ServerConfig) -> None:
    """Name the ICE servers in a response; only for clients that are authenticated: there may be passwords in them."""
    for link in ice_links(config):
        response.headers.append("Link", link)


def ice_links(config: ServerConfig) -> Iterator[str]:
    """Yield the ``Link`` header of every ICE server in the config."""
    for server in config.ice.servers:
        for url in server.urls:
            link = f'<{url}>; rel="ice-server"'
            if server.username is not None:
                link += f'; username="{_quoted(server.username)}"; credential="{_quoted(server.credential or "")}"'
                link += '; credential-type="password"'
            yield link


def _require_type(request: Request, wanted: str, headers: Mapping[str, str] | None = None) -> None:
    got = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if got != wanted:
        raise HttpError(415, f"the body has to be {wanted}", headers)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise HttpError(400, "this is no SDP: it is not even text") from None


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
