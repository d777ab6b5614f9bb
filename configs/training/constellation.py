"""The keypoint model: the detector in ONNX, and after it what makes points of its boxes. Nothing is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto, checker, compose, helper, load_from_string, numpy_helper

from .measure import LABELS
from .measure_onnx import TWIN

CONSTELLATION = TWIN.with_name("shapes_constellation.onnx")
SKELETON = tuple((0, place) for place in range(1, len(LABELS)))
"""The lines of the constellation: from the star, which the other shapes surround, to each of them."""


def constellation(path: Path) -> bytes:
    """Return the ONNX model that gives the middle of each kind of shape, from the detector in a file.

    It takes the same ``image``. Its output ``points`` (1, 1, 8, 3) has the form of MoveNet's: y and x as fractions and
    a score for each label, those of the detection that scores best. The names of the points and the lines between
    them are in the metadata, as ``kpt_names`` and ``skeleton``.

    Args:
        path: The file that :func:`configs.training.export_onnx.exported` returns.
    """
    detector = load_from_string(path.read_bytes())
    model = compose.merge_models(detector, _points(detector), io_map=[("detections", "found")])
    properties = {
        "names": str({0: "constellation"}),
        "task": "pose",
        "kpt_shape": str([len(LABELS), 3]),
        "kpt_names": str({0: list(LABELS)}),
        "skeleton": str([list(pair) for pair in SKELETON]),
    }
    del model.metadata_props[:]
    helper.set_model_props(model, properties)
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _points(detector: ModelProto) -> ModelProto:
    """Return the model that turns detections into points, for the same version of operators."""
    shape = [each.dim_value for each in detector.graph.output[0].type.tensor_type.shape.dim]
    count = len(LABELS)
    numbers = np.arange(count, dtype=np.float32).reshape(1, 1, count)
    constants: dict[str, np.ndarray] = {
        "each_label": numbers,
        "corners": np.array([0, 1, 2, 3], np.int64),
        "score_at": np.array([4], np.int64),
        "label_at": np.array([5], np.int64),
        # From x_min, y_min, x_max, y_max to y and x of the middle.
        "middle": np.array([[0, 0.5], [0.5, 0], [0, 0.5], [0.5, 0]], np.float32),
        "points_shape": np.array([1, 1, count, 3], np.int64),
        "boxes_shape": np.array([shape[1], 4], np.int64),
        "column_shape": np.array([1, count, 1], np.int64),
        "places_shape": np.array([count], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["found", "corners"], ["boxes_with_batch"], axis=2),
        helper.make_node("Reshape", ["boxes_with_batch", "boxes_shape"], ["boxes_in_rows"]),
        helper.make_node("Gather", ["found", "score_at"], ["scores"], axis=2),
        helper.make_node("Gather", ["found", "label_at"], ["labels_found"], axis=2),
        helper.make_node("Equal", ["labels_found", "each_label"], ["is_label"]),
        helper.make_node("Cast", ["is_label"], ["is_label_as_number"], to=1),
        helper.make_node("Mul", ["scores", "is_label_as_number"], ["score_by_label"]),
        helper.make_node("ReduceMax", ["score_by_label"], ["best_scores"], axes=[1], keepdims=0),
        helper.make_node("ArgMax", ["score_by_label"], ["best_with_batch"], axis=1, keepdims=0),
        helper.make_node("Reshape", ["best_with_batch", "places_shape"], ["best_rows"]),
        helper.make_node("Gather", ["boxes_in_rows", "best_rows"], ["best_boxes"], axis=0),
        helper.make_node("MatMul", ["best_boxes", "middle"], ["middles"]),
        helper.make_node("Unsqueeze", ["middles", "first_axis"], ["middles_with_batch"]),
        helper.make_node("Reshape", ["best_scores", "column_shape"], ["points_score"]),
        helper.make_node("Concat", ["middles_with_batch", "points_score"], ["rows_of_points"], axis=2),
        helper.make_node("Reshape", ["rows_of_points", "points_shape"], ["points"]),
    ]
    constants["first_axis"] = np.array([0], np.int64)
    graph = helper.make_graph(
        nodes,
        "constellation",
        [helper.make_tensor_value_info("found", 1, shape)],
        [helper.make_tensor_value_info("points", 1, (1, 1, count, 3))],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return helper.make_model(graph, ir_version=detector.ir_version, opset_imports=detector.opset_import)
