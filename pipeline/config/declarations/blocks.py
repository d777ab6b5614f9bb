"""Blocks of the file that have the same keys for every kind."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from cameras import Attributes
from transforms import DistortionParameters, IntrinsicParameters, Style

from ...camera_config import StreamConfig
from ..nodes import quoted

VISION, MODEL = "vision", "mlmodel"
"""The types of services."""

NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"


def _name(value: str) -> str:
    if not re.fullmatch(NAME_PATTERN[1:-1], value):
        rule = 'must be a letter or digit, then letters, digits, "-" and "_", at most 60 in all'
        raise ValueError(f"{rule}, got {quoted(value)}")
    return value


Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": NAME_PATTERN})]


class CameraBlock(Attributes):
    """One entry of ``cameras:``."""

    name: Name = Field(description="Its name, also in URLs.")
    model: str = Field(description="The kind of camera.")
    attributes: dict[str, Any] = Field({}, description="The settings of its kind.")
    preload: bool = Field(False, description="Keep the camera and its models running without viewers.")
    linger_s: float = Field(10.0, ge=0, le=86_400, description="How long it runs on after the last viewer leaves.")
    private: bool = Field(False, description="Only other cameras can use it.")
    stream: StreamConfig = Field(StreamConfig(), description="How it is encoded.")
    style: Style = Field(Style(), description="How its annotations are painted.")


class ServiceBlock(Attributes):
    """One entry of ``services:``."""

    name: Name = Field(description="Its name.")
    type: Literal["vision", "mlmodel"] = Field(description="vision: a vision service. mlmodel: a model for one.")
    model: str = Field(description="The kind of service or model.")
    attributes: dict[str, Any] = Field({}, description="The settings of its kind.")


class TransformBlock(Attributes):
    """One entry of a ``pipeline:``."""

    type: str = Field(description="The kind of transform.")
    attributes: dict[str, Any] = Field({}, description="Its settings.")


class TransformCameraBlock(Attributes):
    """The ``attributes:`` of a transform camera, before its pipeline is validated."""

    source: str = Field(description="The camera that provides the frames.")
    pipeline: tuple[Any, ...] = Field(strict=False, min_length=1, description="The transforms, in order.")
    intrinsic_parameters: IntrinsicParameters | None = Field(None, description="Lens; default: the source's.")
    distortion_parameters: DistortionParameters | None = Field(None, description="Distortion; default: the source's.")
