"""Viam's robot service: the list of resources, and the state of the server."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any

from ..core import Backend
from ..process import program_version
from .calls import Calls
from .messages import common, robot_grpc, robot_pb2

CAMERA, VISION, MODEL = ("component", "camera"), ("service", "vision"), ("service", "mlmodel")


class RobotCalls(Calls):
    """Answers from the graph without opening anything."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        super().__init__(
            backend,
            robot_grpc.UnimplementedRobotServiceBase(),
            {
                "ResourceNames": self._resource_names,
                "ResourceRPCSubtypes": self._subtypes,
                "GetOperations": self._operations,
                "GetVersion": self._version,
                "GetMachineStatus": self._machine_status,
                "StopAll": self._stop_all,
            },
            {
                "StartSession": "camweave has no sessions: it moves nothing that would have to stop",
                "Shutdown": "clients cannot shut down camweave",
            },
        )

    def _names(self) -> Iterator[common.ResourceName]:
        for camera in self._backend.public_cameras():
            yield _resource(CAMERA, camera.name)
        for name in self._backend.services:
            yield _resource(VISION, name)
        for name in self._backend.declared_models:
            yield _resource(MODEL, name)

    async def _resource_names(self, request: Any) -> robot_pb2.ResourceNamesResponse:
        return robot_pb2.ResourceNamesResponse(resources=self._names())

    async def _subtypes(self, request: Any) -> robot_pb2.ResourceRPCSubtypesResponse:
        pairs = (
            (CAMERA, "viam.component.camera.v1.CameraService"),
            (VISION, "viam.service.vision.v1.VisionService"),
            (MODEL, "viam.service.mlmodel.v1.MLModelService"),
        )
        return robot_pb2.ResourceRPCSubtypesResponse(
            resource_rpc_subtypes=[
                robot_pb2.ResourceRPCSubtype(subtype=_resource(kind, ""), proto_service=service)
                for kind, service in pairs
            ]
        )

    async def _operations(self, request: Any) -> robot_pb2.GetOperationsResponse:
        return robot_pb2.GetOperationsResponse()

    async def _version(self, request: Any) -> robot_pb2.GetVersionResponse:
        system = f"{platform.system()}-{platform.machine()}".lower()
        return robot_pb2.GetVersionResponse(platform=system, version=f"camweave {program_version()}")

    async def _machine_status(self, request: Any) -> robot_pb2.GetMachineStatusResponse:
        ready = robot_pb2.ResourceStatus.State.STATE_READY
        return robot_pb2.GetMachineStatusResponse(
            state=robot_pb2.GetMachineStatusResponse.State.STATE_RUNNING,
            resources=[robot_pb2.ResourceStatus(name=name, state=ready) for name in self._names()],
        )

    async def _stop_all(self, request: Any) -> robot_pb2.StopAllResponse:
        return robot_pb2.StopAllResponse()  # nothing here moves


def _resource(kind: tuple[str, str], name: str) -> common.ResourceName:
    return common.ResourceName(namespace="rdk", type=kind[0], subtype=kind[1], name=name)
