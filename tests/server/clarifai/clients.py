"""Clarifai's own client, and fake services for it."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2

from cameras import Caption, Classification, Frame, Segmentation, as_mask
from tests.fakes import FakeVision
from vision import ModelError

from ..conftest import classifier, detector
from ..served import Served

SERVER = "server: {clarifai: {port: 0}}\n"


PAT = "correct-horse-battery"


PATHS = (
    "/v2/users/me/apps/own/models/names/versions/v1/outputs",
    "/v2/users/me/apps/own/models/names/outputs",
    "/v2/models/names/versions/v1/outputs",
    "/v2/models/names/outputs",
)


class Outlines(FakeVision):
    """Returns two masks: the upper half is sky, the rest ground except for its last column."""

    def _segment(self, frame: Frame) -> tuple[Segmentation, ...]:
        sky, ground = np.zeros((6, 8), bool), np.zeros((6, 8), bool)
        sky[:3], ground[3:, :7] = True, True
        return (Segmentation("sky", 0.5, mask=as_mask(sky)), Segmentation("ground", 0.9, mask=as_mask(ground)))


class Teller(FakeVision):
    """Returns the size of the picture as its caption."""

    def _caption(self, frame: Frame) -> tuple[Caption, ...]:
        if frame.width == 10:
            raise ModelError("/srv/secret/model.tflite cannot do this one")
        if frame.width == 11:
            raise RuntimeError("an unexpected error")
        return (Caption(f"a picture of {frame.width} by {frame.height}", 0.7),)


def services() -> tuple[FakeVision, ...]:
    outlines, teller = Outlines("outlines"), Teller("teller")
    outlines.kinds, teller.kinds = frozenset({"segmentations"}), frozenset({"captions"})
    many = FakeVision("many", classifications=[Classification(f"thing {n}", (30 - n) / 40) for n in range(30)])
    many.kinds = frozenset({"classifications"})
    return classifier(), detector(), outlines, teller, many


class Client:
    """Clarifai's own client, connected to the port of a server."""

    def __init__(self, served: Served, **channel: Any) -> None:
        port = served.running.listeners[-1].port
        if channel:
            self.channel = ClarifaiChannel.get_grpc_channel(base=f"localhost:{port}", **channel)
        else:
            self.channel = ClarifaiChannel.get_insecure_grpc_channel(base="127.0.0.1", port=port)
        self.stub = service_pb2_grpc.V2Stub(self.channel)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.channel.close()

    def ask(self, model: str, *images: Any, key: str = "Key none", **config: Any) -> Any:
        """Call PostModelOutputs with bytes of pictures, URLs or complete inputs."""
        return self.stub.PostModelOutputs(
            request_for(model, *images, **config), metadata=(("authorization", key),), timeout=30
        )


def request_for(model: str, *images: Any, **config: Any) -> Any:
    """Build a request from bytes, URLs and complete inputs."""
    output_info = resources_pb2.OutputInfo(output_config=resources_pb2.OutputConfig(**config))
    inputs = [
        each
        if isinstance(each, resources_pb2.Input)
        else resources_pb2.Input(data=resources_pb2.Data(image=image_of(each)))
        for each in images
    ]
    return service_pb2.PostModelOutputsRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id="me", app_id="own"),
        model_id=model,
        version_id="v1",
        inputs=inputs,
        model=resources_pb2.Model(output_info=output_info) if config else None,
    )


def image_of(given: bytes | str) -> Any:
    return resources_pb2.Image(base64=given) if isinstance(given, bytes) else resources_pb2.Image(url=given)


def name(status: Any) -> str:
    return str(status_code_pb2.StatusCode.Name(status.code))


def names(reply: Any) -> list[str]:
    return [name(reply.status), *(name(output.status) for output in reply.outputs)]


def concepts(reply: Any) -> list[str]:
    assert reply.status.code == status_code_pb2.SUCCESS, reply.status
    return [concept.name for concept in reply.outputs[0].data.concepts]


def json_input(data: bytes | None = None, **image: Any) -> dict[str, Any]:
    if data is not None:
        image["base64"] = base64.b64encode(data).decode()
    return {"data": {"image": image}}
