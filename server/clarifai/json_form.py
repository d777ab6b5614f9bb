"""Clarifai's messages as JSON, as its REST interface has them: proto names, numbers for enums, RFC 3339 times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clarifai_grpc.grpc.api import service_pb2
from clarifai_grpc.grpc.api.utils import extensions_pb2
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from .codes import Code, Refused

_SHOWN = 300


def read_request(body: bytes, path: Mapping[str, str]) -> Any:
    """Return the ``PostModelOutputsRequest`` of a body and of what its URL says, which counts more.

    Enums may be written by name or number, fields that nobody knows are passed over, an empty body is a request
    without inputs.

    Raises:
        Refused: when the body is none.
    """
    request = service_pb2.PostModelOutputsRequest()
    try:
        read = json.loads(body or b"{}")
        if not isinstance(read, dict):
            raise ValueError("an object is wanted")
        ParseDict(read, request, ignore_unknown_fields=True)
    except (ParseError, ValueError, RecursionError) as error:
        details = f"the body is not the request as JSON: {error}"
        raise Refused(Code.CONN_BAD_REQUEST_FORMAT, details[:_SHOWN]) from None
    request.model_id, request.version_id = path["model"], path.get("version", request.version_id)
    if "user" in path:
        request.user_app_id.user_id, request.user_app_id.app_id = path["user"], path["app"]
    return request


def written(message: Any) -> bytes:
    """Return a message as the bytes of its JSON."""
    shown = MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True)
    _complete(message, shown)
    return json.dumps(shown, separators=(",", ":")).encode()


def _complete(message: Any, shown: dict[str, Any]) -> None:
    """Add what is shown although it is empty: without its 0 a client would take a concept's value for 1."""
    for field, value in message.ListFields():
        inner = shown.get(field.name)
        if isinstance(inner, dict):
            _complete(value, inner)
        elif isinstance(inner, list) and field.message_type is not None:
            for each, its in zip(value, inner, strict=True):
                _complete(each, its)
    for field in message.DESCRIPTOR.fields:
        if field.GetOptions().Extensions[extensions_pb2.cl_show_if_empty] and field.name not in shown:
            value = getattr(message, field.name)
            if isinstance(value, float | int | str):
                shown[field.name] = value
