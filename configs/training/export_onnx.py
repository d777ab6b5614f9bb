"""Export the detector's TFLite file as ONNX, the same network for the other runtime, and measure it.

The keypoint model is made of it, too.

    .venv/bin/python -m configs.training.export_onnx
    .venv/bin/python -m configs.training.export_onnx --evaluate      # measures the existing file only

The same TFLite file gives the same bytes on every machine. TensorFlow is not needed, ``onnx`` is.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper

from .constellation import CONSTELLATION, constellation
from .measure import LABELS
from .measure_onnx import FIGURES, ORIGINAL, TWIN, measured
from .options import read_options
from .tflite_to_onnx import Translation

_OPERATORS, _FORM = (
    13,
    7,
)  # the versions of ONNX's operators and of its files: those of 2020, read by every runtime since


def main() -> None:
    """Export and measure, or only measure."""
    options = read_options(__doc__)
    if options.only not in (None, "detector"):
        return
    if not options.evaluate:
        TWIN.write_bytes(exported(ORIGINAL))
        CONSTELLATION.write_bytes(constellation(TWIN))
    figures = measured(options.scenes)
    print(json.dumps(figures, indent=2))
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


def exported(path: Path, in_bytes: bool = True) -> bytes:
    """Return the ONNX model of the detector in a TFLite file.

    It takes the same ``image``. What it finds is one output in the form that exports of YOLOv10 have, so that its shape
    alone says what it is: ``detections`` (1, 20, 6), rows of x_min, y_min, x_max, y_max as fractions, score, and number
    of the label, the surest first. The labels are in the metadata, under ``names``.

    Args:
        path: The TFLite file.
        in_bytes: Whether weights are rounded to a byte each; else they are float32, four times the size.
    """
    made = Translation(path, ("location", "category", "score"), in_bytes)
    _, rows, _ = made.shape("location")
    last_axis = made.keep("last_axis", np.array([2]))
    x_first = made.keep("x_first", np.array([1, 0, 3, 2]))
    boxes = made.add("Gather", ["location", x_first], "boxes", axis=2)
    columns = [made.add("Unsqueeze", [name, last_axis], f"{name}_column") for name in ("score", "category")]
    made.add("Concat", [boxes, *columns], "detections", axis=2)
    graph = helper.make_graph(
        made.nodes,
        path.stem,
        [helper.make_tensor_value_info("image", TensorProto.UINT8, made.shape("image"))],
        [helper.make_tensor_value_info("detections", TensorProto.FLOAT, (1, rows, 6))],
        made.constants,
    )
    operators = [helper.make_opsetid("", _OPERATORS)]
    model = helper.make_model(graph, producer_name="camweave", ir_version=_FORM, opset_imports=operators)
    helper.set_model_props(model, {"names": str(dict(enumerate(LABELS)))})
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
