"""Clarifai's messages as JSON in the form of its REST interface: proto names, enums as numbers, RFC 3339 times."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from clarifai_grpc.grpc.api import service_pb2
from clarifai_grpc.grpc.api.utils import extensions_pb2
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from pipeline import LimitsConfig

from .codes import Code, Refused, too_many_inputs
from .json_body import JsonBody, NotBase64

_DETAILS_LENGTH_MAX = 300

Faults = dict[int, str]
"""The errors of single inputs, by index."""


def read_request(body: JsonBody, path: Mapping[str, str], limits: LimitsConfig) -> tuple[Any, Faults]:
    """Return the ``PostModelOutputsRequest`` of a body and its URL, and the errors of single inputs.

    The URL takes precedence over the body. Enums are names or numbers, unknown fields are ignored, and an empty body is
    a request without inputs. Call it on a thread.

    Raises:
        Refused: The body is not such a request.
    """
    request = service_pb2.PostModelOutputsRequest()
    read = _read(body)
    inputs = read.get("inputs")
    inputs = inputs if isinstance(inputs, list) else []
    if len(inputs) > limits.inputs:  # each would become a message
        raise too_many_inputs(len(inputs), limits.inputs)
    pictures, faults = _pictures(body, inputs, limits.picture_bytes)
    try:
        ParseDict(read, request, ignore_unknown_fields=True)
    except (ParseError, ValueError, RecursionError) as error:
        # The message describes the internals of protobuf; only its field names help clients.
        place = ".".join(re.findall(r"Failed to parse (\w+) field", str(error))) or "a field"
        raise _refused(f"{place} has a value of the wrong type") from None
    for index, picture in pictures.items():
        request.inputs[index].data.image.base64 = picture
    request.model_id, request.version_id = path["model"], path.get("version", request.version_id)
    if "user" in path:
        request.user_app_id.user_id, request.user_app_id.app_id = path["user"], path["app"]
    return request, faults


def _read(body: JsonBody) -> dict[str, Any]:
    try:
        read = body.parsed()
    except RecursionError:
        raise _refused("it is nested too deeply") from None
    except UnicodeError:
        raise _refused("it is not UTF-8, or has half a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise _refused(str(error)) from None
    except ValueError:  # Python limits the digits of a number
        raise _refused("a number in it has too many digits") from None
    if not isinstance(read, dict):
        raise _refused("it must be an object")
    return read


def _pictures(body: JsonBody, inputs: list[Any], bytes_max: int) -> tuple[dict[int, bytes], Faults]:
    """Take the pictures out of the inputs and decode their base64, of which protobuf would ignore damage."""
    pictures: dict[int, bytes] = {}
    faults: Faults = {}
    for index, item in enumerate(inputs):
        image = item
        for name in ("data", "image"):
            image = image.get(name) if isinstance(image, dict) else None
        if not isinstance(image, dict):
            continue
        if isinstance(image.get("url"), str):
            image["url"] = body.beginning(image["url"])
        text = image.get("base64")
        if not isinstance(text, str):
            continue
        del image["base64"]
        try:
            if body.beginning(text).startswith("data:"):
                faults[index] = "data.image.base64 must be base64 alone, without data:...;base64, before it"
            else:
                pictures[index] = body.bytes_of(text, bytes_max)
        except NotBase64:
            faults[index] = "data.image.base64 is not base64, or is incomplete"
    return pictures, faults


def _refused(what: str) -> Refused:
    return Refused(Code.CONN_BAD_REQUEST_FORMAT, f"the body is not a request as JSON: {what}"[:_DETAILS_LENGTH_MAX])


def to_json(message: Any) -> bytes:
    """Return a message as JSON bytes."""
    shown = MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True)
    _complete(message, shown)
    return json.dumps(shown, separators=(",", ":")).encode()


def _complete(message: Any, shown: dict[str, Any]) -> None:
    """Add the empty fields that must be shown: without its 0 a client would take a concept's value for 1.

    Clarifai's package marks only numbers, texts and lists as such, no messages.
    """
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
            shown[field.name] = value if isinstance(value, float | int | str) else []
