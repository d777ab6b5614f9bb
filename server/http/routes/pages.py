"""The web pages and their files."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ...core import NotFound
from ..access import SIGN_IN, starts_by_itself
from .dependencies import WithBackend, WithReloader

router = APIRouter()

_FOLDER = resources.files("server.http") / "page"
# Browsers play Media Source Extensions from an address of their own kind.
_SOURCES = "default-src 'self'; media-src 'self' blob:"
_POLICY = f"{_SOURCES}; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors"
_FOLDERS = (
    "",
    "controls/",
    "drawing/",
    "edit/",
    "edit/text/",
    "latency/",
    "overlay/",
    "playing/",
    "run/",
    "shared/",
    "styles/",
)
_FILES = frozenset(
    f"{folder}{file.name}"
    for folder in _FOLDERS
    for file in (_FOLDER / folder if folder else _FOLDER).iterdir()
    if file.name.endswith((".css", ".js", ".svg"))
)


@cache
def _file(name: str, **values: str) -> tuple[bytes, str, str]:
    data = (_FOLDER / name).read_bytes()
    for key, value in values.items():
        data = data.replace(f"{{{key}}}".encode(), value.encode())
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind == "image/svg+xml":
        kind += "; charset=utf-8"
    return data, kind, f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}"'


def _send(name: str, request: Request, status: int = 200, **values: str) -> Response:
    data, kind, tag = _file(name, **values)
    # Browsers cache but revalidate each file, so that no page mixes old and new files after an update.
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if name.endswith(".html"):
        origins = request.app.state.backend.config.server.origins
        embedders = " ".join(["'self'", *origins]) if origins else "'none'"
        headers["Content-Security-Policy"] = f"{_POLICY} {embedders}"
    if status == 200 and request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, status, headers={**headers, "Content-Type": kind})


def _start(request: Request) -> str:
    return "yes" if starts_by_itself(request) else "no"


@router.get("/", include_in_schema=False)
async def index(request: Request, backend: WithBackend) -> Response:
    """Return the page with all cameras."""
    rtsp = backend.config.server.rtsp
    return _send("index.html", request, start=_start(request), rtsp=str(rtsp.port or "") if rtsp else "")


@router.get("/watch", include_in_schema=False)
async def watch(request: Request) -> Response:
    """Return the page that shows the cameras of its query and nothing else."""
    return _send("watch.html", request, up="", start=_start(request))


@router.get("/watch/{camera}", include_in_schema=False)
async def watch_one(camera: str, request: Request, backend: WithBackend) -> Response:
    """Return the page that shows one camera and nothing else; the page says so if there is no such camera."""
    # With tokens, only the page's own requests may find out which cameras exist.
    unknown = not backend.config.server.tokens and all(feed.name != camera for feed in backend.public_cameras())
    return _send("watch.html", request, 404 if unknown else 200, up="../", start=_start(request))


@router.get("/run", include_in_schema=False)
async def run(request: Request, backend: WithBackend) -> Response:
    """Return the page for running models on pictures. It knows the limit, so that it sends nothing in vain."""
    limits = backend.limits
    return _send("run.html", request, picture_bytes=str(min(limits.picture_bytes, limits.body_bytes)))


@router.get("/edit", include_in_schema=False)
async def edit(request: Request, reloader: WithReloader) -> Response:
    """Return the page for editing the configuration; it says so if editing is off."""
    return _send("edit.html", request, 200 if reloader.file.is_editable else 404, start=_start(request))


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Return the page that shows ``/openapi.json``."""
    return _send("docs.html", request)


@router.get(SIGN_IN, include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Return the page for signing in."""
    return _send("sign-in.html", request)


@router.get("/favicon.ico", include_in_schema=False)
async def icon(request: Request) -> Response:
    """Return the icon, for browsers that request it without reading the page."""
    return _send("icon.svg", request)


@router.get("/page/{name:path}", include_in_schema=False)
async def file(name: str, request: Request) -> Response:
    """Return a file of the pages."""
    if name not in _FILES:
        raise NotFound("this address does not exist; /docs lists all addresses")
    return _send(name, request)
