"""The endpoints for changing the configuration while the server runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from pipeline import ConfigError, Problem

from ...configuration import Conflict, Reloaded, Reloader
from ...core import NotFound, Unavailable, camera_info, on_thread
from ..messages import (
    PROBLEM_TYPE,
    ConfigurationInfo,
    ConfigurationProblem,
    HttpError,
    ReloadReply,
    SavedReply,
    TransformInfo,
    WrittenReply,
    document,
    problems,
    read_body,
)
from .dependencies import ForAllCameras, WithBackend, WithReloader

T = TypeVar("T")

router = APIRouter(prefix="/api", tags=["Configuration"])

TEXT_BYTES_MAX = 2_000_000
PATCH_BYTES_MAX = 100_000
YAML = "text/yaml; charset=utf-8"

_TEXT = {"requestBody": {"required": True, "content": {"text/yaml": {"schema": {"type": "string"}}}}}
_ATTRIBUTES = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "description": "null: back to the default."}}},
    }
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    422: {"model": list[ConfigurationProblem], "description": "What is wrong; nothing was changed"}
}


@router.post(
    "/reload",
    dependencies=[ForAllCameras],
    response_model=None,
    responses={200: {"model": ReloadReply}, **_REFUSED, **problems(503)},
)
async def reload(reloader: WithReloader) -> JSONResponse:
    """Apply the configuration file as it is now; what did not change is not touched."""
    try:
        return JSONResponse(_reloaded(await _run(reloader.reload)))
    except ConfigError as error:
        return _refusal(error)


@router.post(
    "/check",
    dependencies=[ForAllCameras],
    response_model=None,
    openapi_extra=_TEXT,
    responses={200: {"model": list[ConfigurationProblem]}, **problems(400, 408, 413, 422, 503)},
)
async def check(
    request: Request,
    reloader: WithReloader,
    models: Annotated[bool, Query(description="``false``: load no models.")] = True,
) -> JSONResponse:
    """Return what is wrong with a configuration's text; an empty list when all is well."""
    text = await _text(request)
    found = await _run(lambda: reloader.problems_of(text, models=models))
    return JSONResponse(_problems(found))


@router.patch(
    "/cameras/{name}/transforms/{number}",
    response_model=None,
    openapi_extra=_ATTRIBUTES,
    responses={200: {"model": TransformInfo}, **problems(400, 404, 408, 413, 422, 503)},
)
async def patch(name: str, number: int, request: Request, backend: WithBackend, reloader: WithReloader) -> JSONResponse:
    """Change attributes of a transform, from 0; the file stays as it is."""
    camera = backend.camera(name)
    body = await read_body(request, PATCH_BYTES_MAX, "the attributes of a transform")
    try:
        attributes = json.loads(body)
    except (ValueError, RecursionError):
        raise HttpError(422, "the body must be a JSON object with attributes, got something else") from None
    if not isinstance(attributes, dict):
        raise HttpError(422, "the body must be a JSON object with attributes, got something else")
    try:
        await _run(lambda: reloader.patch(name, number, attributes))
    except LookupError as error:
        raise NotFound(str(error.args[0])) from None
    except ConfigError as error:
        return _invalid(error)
    transforms = camera_info(backend, camera)["transforms"]
    if number >= len(transforms):  # another change came in between
        raise NotFound(f"camera {name!r} has {len(transforms)} transforms by now")
    return JSONResponse(transforms[number])


@router.get(
    "/configuration",
    dependencies=[ForAllCameras],
    response_model=None,
    responses={200: {"model": ConfigurationInfo}, **problems(403)},
)
async def configuration(reloader: WithReloader) -> JSONResponse:
    """Return how the file and what is served stand to each other."""
    status = reloader.status
    return JSONResponse(
        {
            "file": status.file,
            "version": status.version,
            "writable": reloader.file.is_writable,
            "editable": reloader.file.is_editable,
            "problems": _problems(status.problems),
            "restart_needed": list(status.restart_needed),
            "unsaved": [each.to_wire() for each in status.unsaved],
        }
    )


@router.post(
    "/configuration/save",
    dependencies=[ForAllCameras],
    response_model=None,
    responses={200: {"model": SavedReply}, **_REFUSED, **problems(409, 500, 503)},
)
async def save(reloader: WithReloader) -> JSONResponse:
    """Write the values that were changed live into the file, and nothing else."""
    try:
        values, version = await _run(reloader.save)
    except ConfigError as error:
        return _refusal(error)
    except Conflict as error:
        raise HttpError(409, str(error)) from None
    return JSONResponse({"saved": [each.to_wire() for each in values], "version": version})


@router.get(
    "/configuration/text",
    dependencies=[ForAllCameras],
    response_class=Response,
    responses={200: {"content": {"text/yaml": {}}, "description": "The text"}, **problems(404, 503)},
)
async def text(reloader: WithReloader) -> Response:
    """Return the text of the file, with dots in place of secrets. Only while editing is on."""
    _require_editing(reloader)
    try:
        found, version = await _run(reloader.read_text)
    except ConfigError as error:
        raise Unavailable(f"the file cannot be read: {error}") from None
    return Response(found, media_type=YAML, headers={"Cache-Control": "no-store", "ETag": f'"{version}"'})


@router.put(
    "/configuration/text",
    dependencies=[ForAllCameras],
    response_model=None,
    openapi_extra=_TEXT,
    responses={200: {"model": WrittenReply}, **_REFUSED, **problems(400, 404, 408, 412, 413, 428, 500, 503)},
)
async def write(request: Request, reloader: WithReloader) -> JSONResponse:
    """Write the file, and apply it. Only while editing is on.

    ``If-Match`` is the ``ETag`` of the text that was changed. Dots that stand for a secret are replaced by it. The text
    before is kept beside the file.
    """
    _require_editing(reloader)
    version = request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    if not version:
        raise HttpError(428, "If-Match is needed, with the ETag of the text that was changed")
    new = await _text(request)
    try:
        reloaded, version = await _run(lambda: reloader.write(new, version))
    except ConfigError as error:
        return _refusal(error)
    except Conflict as error:
        raise HttpError(412, str(error)) from None
    return JSONResponse({**_reloaded(reloaded), "version": version})


def _require_editing(reloader: Reloader) -> None:
    if not reloader.file.is_editable:
        raise NotFound("editing is off; it is on with serve --edit, or on 127.0.0.1 without tokens")


async def _run(function: Callable[[], T]) -> T:
    """Call a function on a thread: it may load models.

    Raises:
        Unavailable: The server is closing.
        HttpError: A file cannot be written.
    """
    try:
        return await on_thread("configuration", function)
    except OSError as error:
        raise HttpError(500, f"the file cannot be written: {error.strerror or error}") from None
    except RecursionError:
        raise HttpError(422, "the values are nested too deeply") from None
    except RuntimeError as error:
        raise Unavailable(f"the configuration cannot be changed now: {error}") from None


async def _text(request: Request) -> str:
    body = await read_body(request, TEXT_BYTES_MAX, "a configuration")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise HttpError(422, "the body must be UTF-8 text") from None


def _reloaded(reloaded: Reloaded) -> dict[str, Any]:
    return {"changed": list(reloaded.changed), "restart_needed": list(reloaded.restart_needed)}


def _problems(found: Sequence[Problem]) -> list[dict[str, Any]]:
    return [{"line": each.line, "column": each.column, "path": each.path, "message": each.message} for each in found]


def _refusal(error: ConfigError) -> JSONResponse:
    return JSONResponse(_problems(error.problems), 422)


def _invalid(error: ConfigError) -> JSONResponse:
    """Return the refusal of attributes: a problem document, with each attribute's own sentence."""
    errors = [
        {"path": each.path.rpartition(".attributes.")[2] or each.path, "message": each.message}
        for each in error.problems
    ]
    detail = "; ".join(f"{each['path']}: {each['message']}" for each in errors)
    return JSONResponse({**document(HttpError(422, detail)), "errors": errors}, 422, media_type=PROBLEM_TYPE)
