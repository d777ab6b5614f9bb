"""Exporting a trained network as a TFLite file: float16 weights, plain tensor names, embedded labels."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from .pictures import LABELS


def export(
    run: Any,
    outputs: tuple[str, ...],
    path: Path,
    inputs: tuple[str, ...] = ("image",),
    labels: tuple[str, ...] = LABELS,
) -> None:
    """Convert a graph and write it with its tensors named ``inputs`` and ``outputs``, in this order.

    The labels are appended as a ZIP archive with one file, ``labels.txt``: that is how TFLite models carry files, and
    programs that do not know of it do not see it.
    """
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(tf.Module(), folder, signatures=_frozen(run))
        model = _converted(tf.lite.TFLiteConverter.from_saved_model(folder))
    _name_tensors(model, inputs, outputs)
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)) + _packed(labels))


def _frozen(run: Any) -> Any:
    """Return the graph with its weights as constants: variables would be read again in each run."""
    concrete = run.get_concrete_function()
    constant = convert_variables_to_constants_v2(concrete)
    names = sorted(concrete.structured_outputs)  # the order in which TensorFlow flattens a dictionary

    @tf.function(input_signature=run.input_signature)
    def again(*inputs: Any) -> dict[str, Any]:
        return dict(zip(names, constant(*inputs), strict=True))

    return again


def _converted(converter: Any) -> Any:
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return flatbuffer_utils.convert_bytearray_to_object(bytearray(converter.convert()))


def _name_tensors(model: Any, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    for side, names in (("inputs", inputs), ("outputs", outputs)):
        by_name = {_text(entry.name): entry for entry in getattr(signature, side)}
        entries = [by_name[name] for name in names]
        setattr(signature, side, entries)
        setattr(graph, side, [entry.tensorIndex for entry in entries])
        for name, entry in by_name.items():
            graph.tensors[entry.tensorIndex].name = name.encode()


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _packed(labels: tuple[str, ...]) -> bytes:
    if not labels:
        return b""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        # A fixed date: the same weights give the same bytes.
        archive.writestr(zipfile.ZipInfo("labels.txt", (2026, 1, 1, 0, 0, 0)), "\n".join(labels) + "\n")
    return packed.getvalue()
