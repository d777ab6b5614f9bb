"""Builders of tiny TFLite models: one operator, with any types, quantisation and metadata."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

# Both come with ai-edge-litert and have no type information.
schema: Any = importlib.import_module("ai_edge_litert.schema_py_generated")
flatbuffers: Any = importlib.import_module("flatbuffers")

_TYPES = {"float32": 0, "uint8": 3, "int8": 9}


def tensor(name: str, shape: Sequence[int], dtype: str = "float32", scale: float = 0.0, zero_point: int = 0) -> Any:
    made = schema.TensorT()
    made.name, made.type, made.buffer = name, _TYPES[dtype], 0
    made.shape = [max(size, 1) for size in shape]
    if min(shape) < 0:
        made.shapeSignature = list(shape)
    if scale:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [scale], [zero_point]
    return made


def model(
    given: Any, taken: Any, operator: str = "RELU", metadata: bytes = b"", *, options: tuple[int, Any] | None = None
) -> bytes:
    """Return a model that does one thing to its input: an operator of TFLite, or ``custom:NAME``.

    Options are given with their type.
    """
    code = schema.OperatorCodeT()
    if operator.startswith("custom:"):
        code.customCode = operator.removeprefix("custom:")
        operator = "CUSTOM"
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, operator)
    code.version = 1
    step = schema.OperatorT()
    step.opcodeIndex, step.inputs, step.outputs = 0, [0], [1]
    if operator == "RESHAPE":
        step.builtinOptionsType, step.builtinOptions = schema.BuiltinOptions.ReshapeOptions, schema.ReshapeOptionsT()
        step.builtinOptions.newShape = list(taken.shape)
    if options is not None:
        step.builtinOptionsType, step.builtinOptions = options
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.operators, graph.name = [given, taken], [0], [1], [step], "main"
    made = schema.ModelT()
    made.version, made.description, made.operatorCodes, made.subgraphs = 3, "made", [code], [graph]
    made.buffers = [schema.BufferT()]
    if metadata:
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = list(metadata)
        entry.name, entry.buffer = "TFLITE_METADATA", 1
        made.buffers.append(buffer)
        made.metadata = [entry]
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def classifier(**options: Any) -> bytes:
    """Return a model that gives the twelve values of a 2x2 picture as twelve scores."""
    given = tensor("picture", (1, 2, 2, 3), **options)
    taken = tensor("scores", (1, 12), **options)
    return model(given, taken, "RESHAPE")


def table(builder: Any, fields: dict[int, tuple[str, Any]]) -> Any:
    """Write one table: by number of the field its type (``offset``, ``int8``, ``uint32``) and value."""
    builder.StartObject(max(fields, default=-1) + 1)
    for number, (kind, value) in fields.items():
        if kind == "offset":
            builder.PrependUOffsetTRelativeSlot(number, value, 0)
        elif kind == "int8":
            builder.PrependInt8Slot(number, value, 0)
        elif kind == "float32":
            builder.PrependFloat32Slot(number, value, 0.0)
        else:
            builder.PrependUint8Slot(number, value, 0)
    return builder.EndObject()


def vector(builder: Any, offsets: Sequence[Any]) -> Any:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def numbers(builder: Any, values: Sequence[float], code: str) -> Any:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        (builder.PrependFloat32 if code == "f" else builder.PrependUint32)(value)
    return builder.EndVector()


def anchors(boxes: Sequence[Sequence[float]], scales: Sequence[float]) -> bytes:
    """Return the anchors of a detector as MediaPipe's Model Maker stores them; its scores need a sigmoid."""
    builder = flatbuffers.Builder(256)
    made = [table(builder, {field: ("float32", side) for field, side in enumerate(box)}) for box in boxes]
    schema_table = table(builder, {0: ("offset", vector(builder, made))})
    ssd = table(builder, {0: ("offset", schema_table)})
    fields = {6 + field: ("float32", scale) for field, scale in enumerate(scales)}
    decoding = table(builder, fields | {11: ("int8", 1)})
    builder.Finish(table(builder, {1: ("offset", ssd), 2: ("offset", decoding)}), b"V001")
    return bytes(builder.Output())


def metadata(
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    outputs: Sequence[str] = (),
    box_order: Sequence[int] = (),
    *,
    pixels: bool = False,
    labels_file: str = "",
    calibration_file: str = "",
    author: str = "",
    detector: bytes = b"",
) -> bytes:
    """Return TFLite metadata that say this; the box order and the file of labels are those of the first output."""
    builder = flatbuffers.Builder(256)
    names = [builder.CreateString(name) for name in outputs]
    options = table(builder, {0: ("offset", numbers(builder, mean, "f")), 1: ("offset", numbers(builder, std, "f"))})
    unit = table(builder, {0: ("uint8", 1), 1: ("offset", options)})
    given = table(builder, {4: ("offset", vector(builder, [unit]))})
    box = table(builder, {0: ("offset", numbers(builder, box_order, "I")), 2: ("int8", int(pixels))})
    content = table(builder, {0: ("uint8", 3), 1: ("offset", box)})
    name = builder.CreateString(labels_file)
    files = vector(builder, [table(builder, {0: ("offset", name), 2: ("int8", 3)})] if labels_file else [])
    if calibration_file:
        name = builder.CreateString(calibration_file)
        files = vector(builder, [table(builder, {0: ("offset", name), 2: ("int8", 4)})])
        sigmoid = table(builder, {0: ("int8", 2), 1: ("float32", 0.25)})
        steps = vector(builder, [table(builder, {0: ("uint8", 2), 1: ("offset", sigmoid)})])
    taken = []
    for number, output in enumerate(names):
        first = {3: ("offset", content), 6: ("offset", files)} if number == 0 else {}
        first |= {4: ("offset", steps)} if number == 0 and calibration_file else {}
        taken.append(table(builder, {0: ("offset", output), **first}))
    ins, outs = vector(builder, [given]), vector(builder, taken)
    custom = []
    if detector:
        data = builder.CreateByteVector(detector)
        name = builder.CreateString("DETECTOR_METADATA")
        custom = [table(builder, {0: ("offset", name), 1: ("offset", data)})]
    more = {9: ("offset", vector(builder, custom))} if custom else {}
    graph = table(builder, {2: ("offset", ins), 3: ("offset", outs), **more})
    graphs, maker = vector(builder, [graph]), builder.CreateString(author)
    root = table(builder, {3: ("offset", graphs), 4: ("offset", maker)})
    builder.Finish(root, b"M001")
    return bytes(builder.Output())
