"""Small kinds for test configurations, so that the expected messages do not change with the real kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from cameras import PREDICTIONS, Attributes, Camera, Frame, LocalPath, Prediction
from pipeline.config import Tables
from pipeline.producers import PRODUCERS
from transforms import Transform
from vision import LiteRt, Predictor, VisionService


class FileAttributes(Attributes):
    path: LocalPath
    loop: bool = False

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if not self.path.exists():
            yield ("path",), f"no such file: {self.path.name}"


class UrlAttributes(Attributes):
    url: str = Field(min_length=1)
    transport: Literal["tcp", "udp"] = "tcp"
    timeout_s: float = Field(10, gt=0)


class DeviceAttributes(Attributes):
    video_path: int | str | None = None
    width_px: int | None = Field(None, ge=1)


class NoAttributes(Attributes):
    """Nothing to set."""


class DetectionsAttributes(Attributes):
    detector_name: str
    confidence_threshold: float = Field(0.0, ge=0, le=1)
    valid_labels: tuple[str, ...] = Field((), strict=False)


class ResizeAttributes(Attributes):
    width_px: int = Field(ge=1, le=4096)
    height_px: int = Field(ge=1, le=4096)


class VisionAttributes(Attributes):
    mlmodel_name: str | None = None
    label_confidences: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    camera_name: str | None = None
    mean: tuple[float, ...] = Field((0.5, 0.5, 0.5), strict=False, min_length=3)


class _Camera(Camera[Any]):
    def open(self) -> None:
        raise NotImplementedError

    def read(self) -> Frame:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class File(_Camera):
    model_name = "video_file"
    attributes_type = FileAttributes


class Url(_Camera):
    model_name = "stream"
    attributes_type = UrlAttributes


class Device(_Camera):
    model_name = "webcam"
    attributes_type = DeviceAttributes


class _Transform(Transform[Any]):
    def apply(self, frame: Frame) -> Frame:
        return frame


class Identity(_Transform):
    type_name: ClassVar[str] = "identity"
    attributes_type = NoAttributes


class Resize(_Transform):
    type_name: ClassVar[str] = "resize"
    attributes_type = ResizeAttributes


class Detections(_Transform):
    type_name: ClassVar[str] = "detections"
    attributes_type = DetectionsAttributes

    @classmethod
    def needs(cls, attributes: DetectionsAttributes) -> Iterator[tuple[str, str, str]]:
        yield "detector_name", attributes.detector_name, "detections"


class Vision(VisionService[Any]):
    model_name = "mlmodel"
    attributes_type = VisionAttributes

    @classmethod
    def needs(cls, attributes: VisionAttributes) -> str | None:
        return attributes.mlmodel_name

    @classmethod
    def default_camera(cls, attributes: VisionAttributes) -> str | None:
        return attributes.camera_name

    def _load(self) -> None:
        raise NotImplementedError

    def _release(self) -> None:
        raise NotImplementedError

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        raise NotImplementedError


KINDS = Tables(
    cameras={kind.model_name: kind for kind in (File, Url, Device)},
    producers=PRODUCERS,
    camera_aliases={"ffmpeg": "stream", "rdk:builtin:transform": "transform"},
    transforms={kind.type_name: kind for kind in (Identity, Resize, Detections)},
    transform_aliases={"": "identity"},
    vision={Vision.model_name: Vision},
    runtimes={LiteRt.model_name: LiteRt},
    predictions=PREDICTIONS,
)
