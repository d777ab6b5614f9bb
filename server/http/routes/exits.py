"""The endpoints of live streams over one connection: a path for each row of ``EXITS``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from streams import EXITS, ByteStream, Muxer, MuxerOptions, open_stream

from ...core import begin
from ..access import HEAD
from ..messages import problems
from .dependencies import WithBackend
from .viewing import client_key, viewing_errors, watched, withdrawal_of

router = APIRouter(prefix="/api/cameras", tags=["Live streams"])


class LiveResponse(Response):
    """A response that goes on until the stream ends or the client leaves.

    Args:
        stream: The stream; closed with the response.
        media_type: Its media type.
    """

    def __init__(self, stream: ByteStream, media_type: str) -> None:
        self.stream = stream
        self.status_code, self.media_type, self.background = 200, media_type, None
        self.init_headers(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        async with watched(self.stream, _until_left(receive, self.stream), scope):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for data in self.stream:
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_left(receive: Receive, stream: ByteStream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end("its connection was closed")


HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would collect the bytes before it sends any
"""Headers of every stream."""


def _add(kind: type[Muxer]) -> None:
    options_type: Any = kind.options_type

    async def endpoint(
        name: str, request: Request, backend: WithBackend, options: Annotated[MuxerOptions, Query()]
    ) -> Response:
        camera = backend.public_camera(name)
        if HEAD in request.scope:
            return Response(media_type=kind.media_type, headers=HEADERS)
        muxer = kind(options)
        if (last_id := request.headers.get("last-event-id")) is not None:
            muxer.resume(last_id)
        with viewing_errors():
            stream = open_stream(
                backend.readers,
                backend.encoders,
                name,
                muxer,
                client_key(request),
                withdrawal_of(backend.tokens, "view", name),
            )
        if kind.begins_with_frame:
            await begin(backend, camera, stream)
        return LiveResponse(stream, kind.media_type)

    endpoint.__annotations__["options"] = Annotated[options_type, Query()]
    router.add_api_route(
        f"/{{name}}/{kind.path}",
        endpoint,
        name=f"stream_{kind.kind}",
        summary=kind.summary.partition(":")[0].rstrip("."),
        description=kind.summary,
        response_class=Response,
        responses={
            200: {"content": {kind.media_type.partition(";")[0]: {}}, "description": "The stream, without an end"},
            **problems(404, 406, 429, 503),
        },
    )


for each in EXITS.values():
    _add(each)
