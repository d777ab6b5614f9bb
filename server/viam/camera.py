"""Viam's camera service: pictures of the cameras that are not private, with painted annotations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from grpclib.const import Cardinality, Handler

from cameras import Frame
from pipeline import Feed, TransformAttributes

from ..core import Backend, InvalidRequest, RequestError, Unsupported, camera_info, frame_of, picture_of
from .calls import Calls, unary
from .messages import GetImageRequest, GetImageResponse, camera_grpc, camera_pb2, common, struct, timestamp
from .pictures import JPEG, PCD, RAW_DEPTH, point_cloud, raw_depth

PROPERTIES_TIMEOUT_S = 3.0
COLOR, DEPTH = "color", "depth"
GET_IMAGE = "/viam.component.camera.v1.CameraService/GetImage"


class CameraCalls(Calls):
    """Answers with the camera's next frame; opens the camera if needed."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        super().__init__(
            backend,
            camera_grpc.UnimplementedCameraServiceBase(),
            {
                "GetImages": self._images,
                "GetPointCloud": self._point_cloud,
                "GetProperties": self._properties,
                "GetGeometries": self._geometries,
                "GetStatus": self._status,
            },
            {"DoCommand": "cameras have no commands"},
        )
        # The API dropped this method in January 2026; older clients use no other.
        self.add(
            GET_IMAGE,
            Handler(
                unary(backend, self._image, GetImageRequest), Cardinality.UNARY_UNARY, GetImageRequest, GetImageResponse
            ),
        )

    async def _images(self, request: camera_pb2.GetImagesRequest) -> camera_pb2.GetImagesResponse:
        camera = self._backend.public_camera(request.name)
        wanted = list(request.filter_source_names)
        for name, times in Counter(wanted).items():
            if times > 1:
                raise InvalidRequest(f"source name {name[:100]!r} is given more than once")
        shot = await picture_of(self._backend, camera)
        images = [camera_pb2.Image(source_name=COLOR, mime_type=JPEG, image=shot.data)]
        if shot.frame.depth is not None:
            data = await self._backend.models.run(raw_depth, shot.frame.depth)
            images.append(camera_pb2.Image(source_name=DEPTH, mime_type=RAW_DEPTH, image=data))
        names = [image.source_name for image in images]
        for name in wanted:
            if name not in names:
                raise InvalidRequest(f"camera {camera.name} has no source {name[:100]!r}, only {' and '.join(names)}")
        return camera_pb2.GetImagesResponse(
            images=[image for image in images if not wanted or image.source_name in wanted],
            response_metadata=common.ResponseMetadata(captured_at=timestamp(shot.frame.captured_at)),
        )

    async def _image(self, request: Any) -> Any:
        camera = self._backend.public_camera(request.name)
        # Always JPEG: those clients request no type and decode the picture as JPEG.
        shot = await picture_of(self._backend, camera)
        return GetImageResponse(mime_type=JPEG, image=shot.data)

    async def _point_cloud(self, request: camera_pb2.GetPointCloudRequest) -> camera_pb2.GetPointCloudResponse:
        camera = self._backend.public_camera(request.name)
        cloud = await self._backend.models.run(point_cloud, await frame_of(self._backend, camera))
        if cloud is None:
            raise Unsupported(
                f"camera {camera.name} has no point cloud: it needs depth and intrinsic parameters",
            )
        return camera_pb2.GetPointCloudResponse(mime_type=PCD, point_cloud=cloud)

    async def _properties(self, request: camera_pb2.GetPropertiesRequest) -> camera_pb2.GetPropertiesResponse:
        camera = self._backend.public_camera(request.name)
        frame = camera.latest
        if frame is None:
            try:
                frame = await frame_of(self._backend, camera, PROPERTIES_TIMEOUT_S)
            except RequestError:  # the camera is offline: answer from the configuration
                frame = None
        return _properties(camera, frame)

    async def _geometries(self, request: common.GetGeometriesRequest) -> common.GetGeometriesResponse:
        self._backend.public_camera(request.name)
        return common.GetGeometriesResponse()  # the configuration does not say where a camera stands

    async def _status(self, request: common.GetStatusRequest) -> common.GetStatusResponse:
        info = camera_info(self._backend, self._backend.public_camera(request.name))
        return common.GetStatusResponse(result=struct(info))


def _properties(camera: Feed, frame: Frame | None) -> camera_pb2.GetPropertiesResponse:
    has_depth = frame is not None and frame.depth is not None
    reply = camera_pb2.GetPropertiesResponse(
        supports_pcd=has_depth and frame is not None and frame.intrinsics is not None,
        mime_types=[JPEG, RAW_DEPTH] if has_depth else [JPEG],
    )
    if camera.root.frame_rate:  # the source's nominal rate, not the measured one
        reply.frame_rate = camera.root.frame_rate
    declared = camera.config.attributes
    lens: Any = None
    distortion: Sequence[float] = ()
    if frame is not None:  # transforms may have changed the intrinsics or removed the distortion
        lens, distortion = frame.intrinsics, frame.distortion
    elif isinstance(declared, TransformAttributes):
        lens = declared.intrinsic_parameters
        if declared.distortion_parameters is not None:
            distortion = declared.distortion_parameters.distortion
    if lens is not None:
        reply.intrinsic_parameters.width_px = lens.width_px
        reply.intrinsic_parameters.height_px = lens.height_px
        reply.intrinsic_parameters.focal_x_px = lens.fx
        reply.intrinsic_parameters.focal_y_px = lens.fy
        reply.intrinsic_parameters.center_x_px = lens.ppx
        reply.intrinsic_parameters.center_y_px = lens.ppy
    if distortion:
        reply.distortion_parameters.model = "brown_conrady"
        reply.distortion_parameters.parameters.extend(distortion)
    return reply
