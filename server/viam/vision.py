"""Viam's vision service: predictions for a picture in the request or for a camera's next frame."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from google.protobuf.json_format import MessageToDict

from cameras import Classification, Detection, Frame, Keypoints
from pipeline import Feed, LimitsConfig
from streams import jpeg
from vision import Session, VisionService, top

from ..core import (
    Backend,
    InvalidRequest,
    Wanted,
    captured_at,
    current_caller,
    frame_of,
    model_errors,
    reply,
    require_kind,
)
from .calls import Calls
from .messages import camera_pb2, common, struct, vision_grpc, vision_pb2
from .pictures import JPEG, sent_frame

_DETECTION_FIELDS = tuple(vision_pb2.Detection.DESCRIPTOR.fields_by_name)
_NO_3D = "camweave's vision services find objects in pictures, not in space"


class VisionCalls(Calls):
    """Answers by running a model on a thread, so that the event loop stays free."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        super().__init__(
            backend,
            vision_grpc.UnimplementedVisionServiceBase(),
            {
                "GetClassifications": self._classifications,
                "GetClassificationsFromCamera": self._classifications_from_camera,
                "GetDetections": self._detections,
                "GetDetectionsFromCamera": self._detections_from_camera,
                "CaptureAllFromCamera": self._capture_all,
                "GetProperties": self._properties,
                "GetStatus": self._status,
                "DoCommand": self._command,
            },
            {"GetDetections3D": _NO_3D, "GetObjectPointClouds": _NO_3D},
        )

    async def _classifications(
        self, request: vision_pb2.GetClassificationsRequest
    ) -> vision_pb2.GetClassificationsResponse:
        service = self._service(request.name, Classification.plural)
        async with self._backend.session(service, "viam") as session:
            found = await self._backend.models.run_for(
                session.service, _classify_bytes, session, request.image, self._backend.limits, request.n
            )
        return vision_pb2.GetClassificationsResponse(classifications=found)

    async def _classifications_from_camera(
        self, request: vision_pb2.GetClassificationsFromCameraRequest
    ) -> vision_pb2.GetClassificationsFromCameraResponse:
        service = self._service(request.name, Classification.plural)
        camera = self._camera(service, request.camera_name)
        async with self._session(service, camera) as session:
            frame = await frame_of(self._backend, camera)
            found = await self._backend.models.run_for(session.service, _classify, session, frame, request.n)
        return vision_pb2.GetClassificationsFromCameraResponse(classifications=found)

    async def _detections(self, request: vision_pb2.GetDetectionsRequest) -> vision_pb2.GetDetectionsResponse:
        service = self._detector(request.name)
        async with self._backend.session(service, "viam") as session:
            found = await self._backend.models.run_for(
                session.service, _detect_bytes, session, request.image, self._backend.limits
            )
        return vision_pb2.GetDetectionsResponse(detections=found)

    async def _detections_from_camera(
        self, request: vision_pb2.GetDetectionsFromCameraRequest
    ) -> vision_pb2.GetDetectionsFromCameraResponse:
        service = self._detector(request.name)
        camera = self._camera(service, request.camera_name)
        async with self._session(service, camera) as session:
            frame = await frame_of(self._backend, camera)
            found = await self._backend.models.run_for(session.service, _detect, session, frame)
        return vision_pb2.GetDetectionsFromCameraResponse(detections=found)

    async def _capture_all(
        self, request: vision_pb2.CaptureAllFromCameraRequest
    ) -> vision_pb2.CaptureAllFromCameraResponse:
        """Return the picture and the predictions of one frame.

        As in Viam, kinds that the service does not give are left out. So are objects in space: no service gives them.
        """
        service = self._backend.service(request.name)
        camera = self._camera(service, request.camera_name)
        if request.return_image:
            current_caller().require({"view"})
        async with self._session(service, camera) as session:
            frame = await frame_of(self._backend, camera)
            captured = vision_pb2.CaptureAllFromCameraResponse(
                extra=struct(
                    {
                        "sequence": frame.sequence,
                        "captured_at": captured_at(frame),
                        "width_px": frame.width,
                        "height_px": frame.height,
                    }
                )
            )
            if request.return_image:
                data = await self._backend.models.run(jpeg, frame)
                captured.image.CopyFrom(camera_pb2.Image(source_name=camera.name, mime_type=JPEG, image=data))
            if request.return_classifications and Classification.plural in service.kinds:
                captured.classifications.extend(
                    await self._backend.models.run_for(session.service, _classify, session, frame, 0)
                )
            if request.return_detections and _detects(service):
                captured.detections.extend(await self._backend.models.run_for(session.service, _detect, session, frame))
        return captured

    async def _properties(self, request: vision_pb2.GetPropertiesRequest) -> vision_pb2.GetPropertiesResponse:
        service = self._backend.service(request.name)
        return vision_pb2.GetPropertiesResponse(
            classifications_supported=Classification.plural in service.kinds,
            detections_supported=_detects(service),
            default_camera=self._backend.default_camera(service),
        )

    async def _status(self, request: common.GetStatusRequest) -> common.GetStatusResponse:
        service = self._backend.service(request.name)
        return common.GetStatusResponse(
            result=struct(
                {
                    "kinds": sorted(service.kinds),
                    "labels": list(service.labels),
                    "inferences": service.inferences,
                    "inference_ms": round(service.inference_s * 1000, 1),
                }
            )
        )

    async def _command(self, request: common.DoCommandRequest) -> common.DoCommandResponse:
        """Return results that Viam has no method for, such as masks, in the form of the HTTP API."""
        command: dict[str, Any] = MessageToDict(request.command)
        service = self._backend.service(request.name)
        kinds = sorted(service.kinds)
        if set(command) - {"camera_name"} != {"kind"} or command["kind"] not in kinds:
            sentence = 'a command is {"kind": KIND, "camera_name": NAME}; KIND for vision service'
            raise InvalidRequest(f"{sentence} {request.name} is {' or '.join(kinds)}")
        camera = self._camera(service, str(command.get("camera_name", "")))
        async with self._session(service, camera) as session:
            frame = await frame_of(self._backend, camera)
            kind = self._backend.kinds[command["kind"]]
            found = await self._backend.models.run_for(session.service, reply, session, kind, frame, Wanted(0))
        found |= {"camera": camera.name, "sequence": frame.sequence, "captured_at": captured_at(frame)}
        return common.DoCommandResponse(result=struct(found))

    def _service(self, name: str, kind: str) -> VisionService[Any]:
        """Return a service that gives a kind.

        Raises:
            NotFound: No service has that name.
            Unsupported: The service does not give that kind.
        """
        service = self._backend.service(name)
        require_kind(service, kind)
        return service

    def _detector(self, name: str) -> VisionService[Any]:
        """Return a service that gives detections, or keypoints of objects, which have boxes.

        Raises:
            NotFound: No service has that name.
            Unsupported: The service gives neither.
        """
        service = self._backend.service(name)
        if not _detects(service):
            require_kind(service, Detection.plural)
        return service

    def _session(self, service: VisionService[Any], camera: Feed) -> AbstractAsyncContextManager[Session]:
        """Return the context of the session that requests for one camera share."""
        return self._backend.session(service, f"camera {camera.name}")

    def _camera(self, service: VisionService[Any], name: str) -> Feed:
        wanted = name or self._backend.default_camera(service)
        if not wanted:
            raise InvalidRequest(f"the request names no camera, and vision service {service.name} has no camera_name")
        return self._backend.public_camera(wanted)


def _classify_bytes(session: Session, data: bytes, limits: LimitsConfig, n: int) -> list[vision_pb2.Classification]:
    return _classify(session, sent_frame(data, limits), n)


def _classify(session: Session, frame: Frame, n: int) -> list[vision_pb2.Classification]:
    found = reply(session, Classification, frame, Wanted(max(n, 0)))[Classification.plural]
    return [vision_pb2.Classification(**item) for item in found]


def _detect_bytes(session: Session, data: bytes, limits: LimitsConfig) -> list[vision_pb2.Detection]:
    return _detect(session, sent_frame(data, limits))


def _detect(session: Session, frame: Frame) -> list[vision_pb2.Detection]:
    if Detection.plural in session.service.kinds:
        found = reply(session, Detection, frame, Wanted(0), masks=False)[Detection.plural]
    else:
        found = _boxes_of_keypoints(session, frame)
    return [vision_pb2.Detection(**{key: item[key] for key in _DETECTION_FIELDS}) for item in found]


def _detects(service: VisionService[Any]) -> bool:
    """Return whether a service gives detections, or objects that have boxes."""
    return bool({Detection.plural, Keypoints.plural} & service.kinds)


def _boxes_of_keypoints(session: Session, frame: Frame) -> list[dict[str, Any]]:
    """Return the boxes of objects with keypoints: Viam's API has no points."""
    size = frame.width, frame.height
    with model_errors(f"vision service {session.service.name}"):
        found = top(session.predict(Keypoints, frame), 0, size)
    boxes = ((item, item.bounds) for item in found)
    return [Detection(item.label, item.confidence, box=box).to_wire(*size) for item, box in boxes if box is not None]
