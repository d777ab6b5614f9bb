"""The predictions of a vision service as Clarifai's ``Data``."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2

from cameras import BoundingBox, Caption, Classification, Detection, Frame, Keypoint, Keypoints, Segmentation, mask_png
from vision import Session, top

from .output_config import OutputConfig

# Clarifai's types of models; a service with several kinds has the first type.
MODEL_TYPES = {
    "keypoints": "visual-keypointer",
    "classifications": "visual-classifier",
    "detections": "visual-detector",
    "segmentations": "visual-segmenter",
    "captions": "image-to-text",
}
# The value that Clarifai's own captioner gives.
_ENCODING = "UnknownTextEnc"
_VISIBLE, _NOT_VISIBLE, _NOT_PRESENT = 1, 2, 3

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
    objects = session.predict(Keypoints, frame) if "keypoints" in kinds else ()
    if "detections" in kinds:
        known = {(item.label, item.confidence, item.box) for item in objects}
        found = session.predict(Detection, frame)
        alone = tuple(item for item in found if (item.label, item.confidence, item.box) not in known)
        data.regions.extend(_boxes(alone, frame, config, app_id))
    data.regions.extend(_points(top(objects, 0, (frame.width, frame.height)), config, app_id))
    if "segmentations" in kinds:
        data.regions.extend(_masks(session.predict(Segmentation, frame), frame, config, app_id))
    if "captions" in kinds:
        _add_caption(session.predict(Caption, frame), data)
    return data


def _concepts(found: tuple[Classification, ...], config: OutputConfig, app_id: str) -> Iterator[Any]:
    for item in config.concepts(found, lambda item: item.label, lambda item: item.confidence):
        yield _concept(item.label, item.confidence, app_id)


def _boxes(found: tuple[Detection, ...], frame: Frame, config: OutputConfig, app_id: str) -> Iterator[Any]:
    for item in config.regions(found, lambda item: item.label, lambda item: item.confidence):
        box = item.box.clipped()
        if box is None:
            continue
        region = _region(item.label, item.confidence, app_id)
        region.track_id = "" if item.track_id is None else str(item.track_id)
        region.region_info.bounding_box.CopyFrom(_bounding_box(box))
        for x, y in item.polygon or ():
            region.region_info.polygon.points.add(row=y, col=x)
        if item.mask is not None:
            mask = mask_png(item.mask, frame.width, frame.height)
            region.region_info.mask.image.base64 = base64.b64decode(mask)
        yield region


def _points(found: tuple[Keypoints, ...], config: OutputConfig, app_id: str) -> Iterator[Any]:
    for item in config.regions(found, lambda item: item.label, lambda item: item.confidence):
        region = _region(item.label, item.confidence, app_id)
        box = None if item.bounds is None else item.bounds.clipped()
        if box is not None:
            region.region_info.bounding_box.CopyFrom(_bounding_box(box))
        for point in item.points:
            region.region_info.keypoint_locations.add(row=point.y, col=point.x, visibility=_visibility(point))
        described = region.data.concepts[0].keypoint_info
        described.keypoint_names.extend(point.name for point in item.points)
        for first, second in item.skeleton:
            described.skeleton.add(k1=first, k2=second)
        yield region


def _visibility(point: Keypoint) -> int:
    """Return Clarifai's word for a confidence; its points have no number for it."""
    if not point.confidence:
        return _NOT_PRESENT
    return _VISIBLE if point.is_visible else _NOT_VISIBLE


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


def _bounding_box(box: BoundingBox) -> Any:
    return resources_pb2.BoundingBox(top_row=box.y_min, left_col=box.x_min, bottom_row=box.y_max, right_col=box.x_max)


def _region(label: str, value: float, app_id: str) -> Any:
    region = resources_pb2.Region(id=uuid.uuid4().hex, value=value)
    region.data.concepts.append(_concept(label, value, app_id))
    return region


def _concept(label: str, value: float, app_id: str) -> Any:
    # The label is the id too, because a model has nothing else: the next call can select by it.
    return resources_pb2.Concept(id=label, name=label, value=value, app_id=app_id)
