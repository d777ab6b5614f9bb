"""Answer Clarifai's prediction requests, for gRPC and REST alike."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_pb2

from vision import Session, VisionService

from ..connections import by_turns
from ..core import (
    PARTS_AT_ONCE,
    Backend,
    ModelUnavailable,
    NotFound,
    RequestError,
    decode,
    model_errors,
    too_large,
)
from .codes import Code, Refused, code_of_input, code_of_request, too_many_inputs
from .output_config import OutputConfig
from .outputs import MODEL_TYPES, data_of

logger = logging.getLogger(__name__)

_APP = "main"
_LATEST = "latest"

Message = Any
"""One of Clarifai's messages; its package has no types."""


class Servicer:
    """Answers prediction requests with the vision services of a backend. It keeps no state between requests.

    Args:
        backend: The backend with the services.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def answer(self, request: Message, faults: Mapping[int, str] = MappingProxyType({})) -> Message:
        """Return the ``MultiOutputResponse`` to a ``PostModelOutputsRequest``, including any errors.

        Args:
            request: The request.
            faults: Errors in the bytes of inputs that are already known, by index.
        """
        try:
            service, config = self._service(request.model_id), OutputConfig.of(request.model.output_info.output_config)
            _check_count(len(request.inputs), self._backend.limits.inputs)
            return _with_status(await self._outputs(service, config, request, faults))
        except Refused as refusal:
            return failed(refusal.code, refusal.details)
        except Exception:  # a bug of ours; the reply is still one of Clarifai's messages
            return service_pb2.MultiOutputResponse(status=_server_failed())

    def _service(self, model_id: str) -> VisionService[Any]:
        try:
            return self._backend.service(model_id)
        except NotFound as error:
            raise Refused(code_of_request(error), f"{error.detail}; model_id names one of this server's") from None
        except RequestError as error:
            raise Refused(code_of_request(error), error.detail) from None

    async def _outputs(
        self, service: VisionService[Any], config: OutputConfig, request: Message, faults: Mapping[int, str]
    ) -> list[Message]:
        app_id = request.user_app_id.app_id or _APP

        def predict(session: Session, data: bytes) -> Message:
            # Clarifai does not apply the EXIF orientation.
            frame = decode(data, exif=False, limits=self._backend.limits.pictures)
            with model_errors(f"vision service {service.name}"):
                return data_of(session, frame, config, app_id)

        async def output(session: Session, index: int, item: Message) -> Message:
            made = _output(request, service, item)
            try:
                if index in faults:
                    raise Refused(Code.ALL_INPUT_INVALID_BYTES, faults[index])
                made.data.CopyFrom(
                    await self._backend.models.run_for(session.service, predict, session, await self._picture(item))
                )
                made.status.CopyFrom(status(Code.SUCCESS))
            except Refused as refusal:
                made.status.CopyFrom(status(refusal.code, refusal.details))
            except RequestError as error:
                made.status.CopyFrom(status(code_of_input(error), error.detail))
            except Exception:  # a bug of ours fails this input, not the others
                made.status.CopyFrom(_server_failed())
            return made

        try:
            async with self._backend.session(service, "clarifai") as session:
                outputs = (output(session, *each) for each in enumerate(request.inputs))
                return await by_turns(outputs, PARTS_AT_ONCE)
        except ModelUnavailable as error:
            fault = status(code_of_input(error), error.detail)
            failed_outputs = [_output(request, service, item) for item in request.inputs]
            for made in failed_outputs:
                made.status.CopyFrom(fault)
            return failed_outputs
        except RequestError as error:
            raise Refused(code_of_request(error), error.detail) from None

    async def _picture(self, item: Message) -> bytes:
        image = item.data.image
        if image.base64:
            limit = self._backend.limits.picture_bytes
            if len(image.base64) > limit:
                raise too_large("a picture", limit)
            return bytes(image.base64)
        if not image.url:
            raise Refused(Code.INPUT_INVALID_ARGUMENT, "the input must have data.image with url or base64")
        if self._backend.images is None:
            details = "this server does not download pictures by URL; send their bytes as base64"
            raise Refused(Code.INPUT_INVALID_URL, details)
        return await self._backend.images.fetch(image.url)


def failed(code: Code, details: str) -> Message:
    """Return a reply without outputs."""
    return service_pb2.MultiOutputResponse(status=status(code, details))


def status(code: Code, details: str = "") -> Message:
    """Return a ``Status`` with a unique request id."""
    return status_pb2.Status(code=int(code), description=code.description, details=details, req_id=uuid.uuid4().hex)


def _check_count(inputs: int, limit: int) -> None:
    if not inputs:
        raise Refused(Code.PREDICT_INVALID_REQUEST, "the request has no inputs")
    if inputs > limit:
        raise too_many_inputs(inputs, limit)


def _server_failed() -> Message:
    """Return the status for an unexpected exception, and log it; call it in the ``except`` block."""
    logger.exception("a prediction for one of Clarifai's clients failed")
    return status(Code.INTERNAL_SERVER_ISSUE, "the server failed at this request; its log says how")


def _output(request: Message, service: VisionService[Any], item: Message) -> Message:
    made = resources_pb2.Output(id=uuid.uuid4().hex)
    made.created_at.FromNanoseconds(time.time_ns())
    made.input.id = item.id or uuid.uuid4().hex
    if item.data.image.url:
        made.input.data.image.url = item.data.image.url  # bytes are not echoed
    owner = request.user_app_id
    made.model.id = made.model.name = service.name
    made.model.app_id, made.model.user_id = owner.app_id or _APP, owner.user_id
    made.model.model_type_id = next((word for kind, word in MODEL_TYPES.items() if kind in service.kinds), "")
    version = made.model.model_version
    version.id, version.app_id, version.user_id = request.version_id or _LATEST, owner.app_id or _APP, owner.user_id
    version.status.code, version.status.description = int(Code.MODEL_TRAINED), Code.MODEL_TRAINED.description
    return made


def _with_status(outputs: list[Message]) -> Message:
    codes = {output.status.code for output in outputs}
    if codes == {int(Code.MODEL_BUSY_PLEASE_RETRY)}:
        raise Refused(Code.CONN_THROTTLED, outputs[0].status.details)
    if int(Code.SUCCESS) not in codes:
        code = Code.FAILURE
    else:
        code = Code.SUCCESS if len(codes) == 1 else Code.MIXED_STATUS
    return service_pb2.MultiOutputResponse(status=status(code), outputs=outputs)
