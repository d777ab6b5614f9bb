"""The WebSocket of the exit MP4, for Media Source Extensions."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from streams import ByteStream, MseMuxer, MuxerOptions, open_stream

from ...core import Backend, RequestError, begin
from ..access import SUBPROTOCOL
from ..messages import response_to
from .viewing import client_key, viewing_errors, watched, withdrawal_of

router = APIRouter()

_GOING_AWAY = 1001


@router.websocket(f"/api/cameras/{{name}}/{MseMuxer.path}")
async def stream_mse(websocket: WebSocket, name: str, options: Annotated[MuxerOptions, Query()]) -> None:
    """Send the camera as MP4: ``{"mime": ...}`` as text, then the head, then a fragment for each picture."""
    backend: Backend = websocket.app.state.backend
    try:
        stream, muxer = await _opened(backend, name, options, websocket)
    except RequestError as error:
        await response_to(error)(websocket.scope, websocket.receive, websocket.send)
        return
    with suppress(WebSocketDisconnect), closing(stream):
        await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in websocket.scope["subprotocols"] else None)
        async with watched(stream, _until_left(websocket, stream), websocket.scope):
            async for item in stream.frames():
                if item is None:  # the WebSocket itself sends pings
                    continue
                frame, pts = item
                if muxer.needs_head(frame):
                    head = muxer.begin(frame)
                    await websocket.send_text(json.dumps({"mime": muxer.mime}))
                    await _send(websocket, stream, head)
                await _send(websocket, stream, muxer.frame(frame, pts))
            await websocket.close(_GOING_AWAY, stream.reason)


async def _opened(
    backend: Backend, name: str, options: MuxerOptions, websocket: WebSocket
) -> tuple[ByteStream, MseMuxer]:
    """Return a stream whose first frame is here.

    Raises:
        RequestError: The camera cannot be watched, or gives no frame.
    """
    camera = backend.public_camera(name)
    muxer = MseMuxer(options)
    with viewing_errors():
        withdrawal = withdrawal_of(backend.tokens, "view", name)
        stream = open_stream(backend.readers, backend.encoders, name, muxer, client_key(websocket), withdrawal)
    await begin(backend, camera, stream)
    return stream, muxer


async def _send(websocket: WebSocket, stream: ByteStream, data: bytes) -> None:
    await websocket.send_bytes(data)
    stream.sent(len(data))


async def _until_left(websocket: WebSocket, stream: ByteStream) -> None:
    """Read on, since the client's messages mean nothing, and end the stream when it has left."""
    with suppress(WebSocketDisconnect):
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
    stream.end("its connection was closed")
