"""The messages of Viam's API, imported without the package's side effects on the whole program."""

from __future__ import annotations

import sys
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

_excepthook = sys.excepthook
try:
    from viam.gen.common.v1 import common_pb2 as common
    from viam.gen.component.camera.v1 import camera_grpc, camera_pb2
    from viam.gen.proto.rpc.v1 import auth_grpc, auth_pb2
    from viam.gen.robot.v1 import robot_grpc, robot_pb2
    from viam.gen.service.mlmodel.v1 import mlmodel_grpc, mlmodel_pb2
    from viam.gen.service.vision.v1 import vision_grpc, vision_pb2
finally:
    sys.excepthook = _excepthook  # the package installs one that prints every error twice

__all__ = [
    "GetImageRequest",
    "GetImageResponse",
    "Struct",
    "auth_grpc",
    "auth_pb2",
    "camera_grpc",
    "camera_pb2",
    "common",
    "mlmodel_grpc",
    "mlmodel_pb2",
    "robot_grpc",
    "robot_pb2",
    "struct",
    "timestamp",
    "vision_grpc",
    "vision_pb2",
]

_STRING, _BYTES, _OPTIONAL = 9, 12, 1  # numbers of descriptor.proto


def _messages_of_get_image() -> tuple[type, type]:
    """Build the two messages that the API dropped in January 2026; the wire has only field numbers and types.

    A pool and a package of their own keep them apart from a client's definitions in the same process.
    """
    file = descriptor_pb2.FileDescriptorProto(name="camweave/get_image.proto", package="camweave", syntax="proto3")
    request = file.message_type.add(name="GetImageRequest")
    request.field.add(name="name", number=1, type=_STRING, label=_OPTIONAL)
    request.field.add(name="mime_type", number=2, type=_STRING, label=_OPTIONAL)
    response = file.message_type.add(name="GetImageResponse")
    response.field.add(name="mime_type", number=1, type=_STRING, label=_OPTIONAL)
    response.field.add(name="image", number=2, type=_BYTES, label=_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    kinds = [pool.FindMessageTypeByName(f"camweave.{message.name}") for message in file.message_type]
    return message_factory.GetMessageClass(kinds[0]), message_factory.GetMessageClass(kinds[1])


GetImageRequest, GetImageResponse = _messages_of_get_image()


def struct(values: dict[str, Any]) -> Struct:
    """Return plain values as a ``Struct``, without those that are ``None``: Viam's SDK would read 0 for them."""
    made = Struct()
    made.update(_known(values))
    return made


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(inner) for key, inner in value.items() if inner is not None}
    return [_known(inner) for inner in value] if isinstance(value, list) else value


def timestamp(seconds: float) -> Timestamp:
    """Return a ``Timestamp`` for seconds since the epoch."""
    made = Timestamp()
    made.FromMicroseconds(round(seconds * 1_000_000))
    return made
