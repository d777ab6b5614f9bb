"""Translation of Viam's model and attribute names into those of this program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..declarations import MODEL, VISION
from ..nodes import MappingNode, Node, ScalarNode, text_of

CAMERA = "camera"

# Namespace and family, the prefix of a Viam model triplet.
_FAMILIES: Mapping[str, tuple[str, ...]] = {
    CAMERA: ("rdk:builtin:",),
    VISION: ("rdk:builtin:", "viam:vision:"),
}
# Several modules publish the same runtime under different triplets; only the last part identifies the runtime.
_RUNTIMES = {"tflite-cpu": "tflite_cpu", "onnx-cpu": "onnx", "onnx_cpu": "onnx"}


@dataclass(frozen=True)
class AttributeNames:
    """How one kind's attributes are called in Viam's files.

    Attributes:
        renamed: This program's name by Viam's name.
        unused: Attributes that have no effect here; a warning names them.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    unused: frozenset[str] = frozenset()


_LENS = frozenset({"debug", "intrinsic_parameters", "distortion_parameters"})
_FILES = _LENS | {"pointcloud_file_path", "preloaded_image", "aligned"}
_DEPTH_FILE = AttributeNames({"depth_image_file_path": "path"}, _FILES)
_NAMES: Mapping[tuple[str, str], AttributeNames] = {
    (CAMERA, "test_pattern"): AttributeNames(
        {"width": "width_px", "height": "height_px"}, _LENS | {"animated", "model"}
    ),
    (CAMERA, "webcam"): AttributeNames({"path": "video_path"}, _LENS | {"path_pattern", "stream", "rtp_passthrough"}),
    (CAMERA, "stream"): AttributeNames({"video_path": "url"}, _LENS | {"input_kw_args", "filters", "output_kw_args"}),
    (CAMERA, "video_file"): AttributeNames(
        {"video_path": "path"}, _LENS | {"input_kw_args", "filters", "output_kw_args"}
    ),
    (CAMERA, "image_file"): AttributeNames({"color_image_file_path": "path"}, _FILES | {"depth_image_file_path"}),
    (CAMERA, "transform"): AttributeNames(unused=frozenset({"debug", "stream"})),
    (MODEL, "tflite_cpu"): AttributeNames(unused=frozenset({"package_reference"})),
    (MODEL, "onnx"): AttributeNames(unused=frozenset({"package_reference"})),
}


def native_model(kind: str, name: str) -> str:
    """Return this program's name for a Viam model; a model from another maker keeps its name."""
    if kind == MODEL:
        word = name.rsplit(":", 1)[-1]
        return _RUNTIMES.get(word, word)
    for family in _FAMILIES.get(kind, ()):
        name = name.removeprefix(family)
    return name


def native_file_model(model: str, attributes: Node) -> str:
    """Return the camera model for a Viam ``ffmpeg`` camera: ``stream`` (URL), ``webcam`` (device) or ``video_file``."""
    path = text_of(attributes.entries.get("video_path")) if isinstance(attributes, MappingNode) else None
    if model != "stream" or path is None or "://" in path:
        return model
    return "webcam" if path.startswith("/dev/") else "video_file"


def native_attributes(kind: str, model: str, node: MappingNode) -> tuple[MappingNode, list[str]]:
    """Return the attributes under this program's names, and the keys that were dropped.

    In Viam's cameras an empty text or a zero means that the attribute is not set.
    """
    names = _NAMES.get((kind, model), AttributeNames())
    present = {key: value for key, value in node.entries.items() if not (kind == CAMERA and _is_blank(value))}
    if (kind, model) == (CAMERA, "image_file") and not {"path", "color_image_file_path"} & present.keys():
        names = _DEPTH_FILE
    entries = {names.renamed.get(key, key): value for key, value in present.items() if key not in names.unused}
    if names is _DEPTH_FILE:
        entries["depth"] = ScalarNode(node.position, True, "true")
    elif (kind, model) == (CAMERA, "video_file"):
        entries.setdefault("loop", ScalarNode(node.position, True, "true"))
    elif (kind, model) == (CAMERA, "webcam") and (device := text_of(entries.get("video_path"))) is not None:
        if re.fullmatch("video[0-9]+", device):  # the notation of Viam's camera documentation
            entries["video_path"] = ScalarNode(entries["video_path"].position, f"/dev/{device}", f"/dev/{device}")
    keys = {names.renamed.get(key, key): position for key, position in node.keys.items()}
    return MappingNode(node.position, entries, keys), [key for key in present if key in names.unused]


def _is_blank(node: Node) -> bool:
    if not isinstance(node, ScalarNode) or node.reported or isinstance(node.value, bool):
        return False
    return node.value in (None, "", 0)
