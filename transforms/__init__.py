"""The transforms of frames, one file each, and the painting of annotations.

``TRANSFORMS`` lists all of them.
"""

from typing import Any

from .base import NoAttributes, Services, Transform
from .captions import Captions
from .classifications import Classifications
from .crop import Crop
from .depth_edges import DepthEdges
from .depth_preprocess import DepthPreprocess
from .depth_to_pretty import DepthToPretty
from .detections import Detections
from .flip import Flip
from .identity import Identity
from .inference import InferenceTransform
from .keypoints import Keypoints
from .lens import DistortionParameters, IntrinsicParameters
from .overlay import Overlay
from .paint import Paint
from .painting import Style, paint
from .recognition import RecognitionAttributes, RecognitionTransform
from .redact import Redact
from .resize import Resize
from .rotate import Rotate
from .segmentations import Segmentations
from .track import Track
from .undistort import Undistort

TRANSFORMS: dict[str, type[Transform[Any]]] = {
    Identity.type_name: Identity,
    Classifications.type_name: Classifications,
    Detections.type_name: Detections,
    Segmentations.type_name: Segmentations,
    Captions.type_name: Captions,
    Keypoints.type_name: Keypoints,
    Track.type_name: Track,
    Redact.type_name: Redact,
    Paint.type_name: Paint,
    Resize.type_name: Resize,
    Crop.type_name: Crop,
    Rotate.type_name: Rotate,
    Flip.type_name: Flip,
    Undistort.type_name: Undistort,
    Overlay.type_name: Overlay,
    DepthToPretty.type_name: DepthToPretty,
    DepthEdges.type_name: DepthEdges,
    DepthPreprocess.type_name: DepthPreprocess,
}
"""Every transform, by the ``type`` in the YAML."""

ALIASES: dict[str, str] = {"": Identity.type_name}
"""Other spellings of a ``type``: Viam writes an empty one for no change."""

__all__ = [
    "ALIASES",
    "TRANSFORMS",
    "InferenceTransform",
    "DistortionParameters",
    "IntrinsicParameters",
    "NoAttributes",
    "RecognitionAttributes",
    "RecognitionTransform",
    "Services",
    "Style",
    "Transform",
    "paint",
]
