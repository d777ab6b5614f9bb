"""The predictions of a vision service as Clarifai's ``Data``."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2

from cameras import Caption, Classification, Detection, Frame, Segmentation
from vision import Session, top

from .output_config import OutputConfig

# Clarifai's types of models; a service with several kinds has the first type.
MODEL_TYPES = {
    "classifications": "visual-classifier",
    "detections": "visual-detector",
    "segmentations": "visual-segmenter",
    "captions": "image-to-text",
}
# The value that Clarifai's own captioner gives.
_ENCODING = "UnknownTextEnc"

Data = Any
"""A ``Data`` message; Clarifai's package has no types."""


def data_of(session: Session, frame: Frame, config: OutputConfig, app_id: str) -> Data:
    """Return the predictions of a service for a frame, of all its kinds.

    Raises:
        ModelError: The model fails.
    """
    kinds = session.service.kinds
    data = resources_pb2.Data()
    if "classifications" in kinds:
        data.concepts.extend(_concepts(session.predict(Classification, frame), config, app_id))
    if "detections" in kinds:
        data.regions.extend(_boxes(session.predict(Detection, frame), config, app_id))
    if "segmentations" in kinds:
        data.regions.extend(_masks(session.predict(Segmentation, frame), frame, config, app_id))
    if "captions" in kinds:
        _add_caption(session.predict(Caption, frame), data)
    return data


def _concepts(found: tuple[Classification, ...], config: OutputConfig, app_id: str) -> Iterator[Any]:
    for item in config.concepts(found, lambda item: item.label, lambda item: item.confidence):
        yield _concept(item.label, item.confidence, app_id)


def _boxes(found: tuple[Detection, ...], config: OutputConfig, app_id: str) -> Iterator[Any]:
    for item in config.regions(found, lambda item: item.label, lambda item: item.confidence):
        box = item.box.clipped()
        if box is None:
            continue
        region = _region(item.label, item.confidence, app_id)
        region.track_id = "" if item.track_id is None else str(item.track_id)
        region.region_info.bounding_box.CopyFrom(
            resources_pb2.BoundingBox(top_row=box.y_min, left_col=box.x_min, bottom_row=box.y_max, right_col=box.x_max)
        )
        yield region


def _masks(found: tuple[Segmentation, ...], frame: Frame, config: OutputConfig, app_id: str) -> Iterator[Any]:
    size = frame.width, frame.height
    for item in config.regions(top(found, 0, size), lambda item: item.label, lambda item: item.coverage_in(*size)):
        content = item.to_wire(*size)
        region = _region(item.label, content["coverage"], app_id)
        region.region_info.mask.image.base64 = base64.b64decode(content["mask_png"])
        yield region


def _add_caption(found: tuple[Caption, ...], data: Data) -> None:
    if found:
        data.text.raw = found[0].label
        data.text.text_info.encoding = _ENCODING


def _region(label: str, value: float, app_id: str) -> Any:
    region = resources_pb2.Region(id=uuid.uuid4().hex, value=value)
    region.data.concepts.append(_concept(label, value, app_id))
    return region


def _concept(label: str, value: float, app_id: str) -> Any:
    # The label is the id too, because a model has nothing else: the next call can select by it.
    return resources_pb2.Concept(id=label, name=label, value=value, app_id=app_id)
