"""From the steps of a TFLite file to those of an ONNX graph, one for one.

It knows the steps that the detector is made of, and says so of any other. Tensors keep TFLite's layout, channels last;
only convolutions and pools, which ONNX has with channels first, are turned there and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

Array = NDArray[Any]

_KINDS: dict[int, str] = {
    number: kind for kind, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)
}
_TYPES = {number: kind.lower() for kind, number in vars(schema.TensorType).items() if isinstance(number, int)}
_NONE, _RELU = schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU
_CHANNELS_FIRST, _CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_SAME_IN_BOTH = {
    "ADD": "Add", "SUB": "Sub", "MUL": "Mul", "DIV": "Div", "EXP": "Exp", "MINIMUM": "Min", "MAXIMUM": "Max",
    "FLOOR_DIV": "Div",  # of whole numbers from 0 on
    "RELU": "Relu", "LOGISTIC": "Sigmoid", "GREATER": "Greater", "GREATER_EQUAL": "GreaterOrEqual",
    "RESHAPE": "Reshape", "TILE": "Tile",
}  # fmt: skip
_ALONG_AXIS = {"CONCATENATION": "Concat", "GATHER": "Gather"}
_OVER_AXES = {"REDUCE_PROD": "ReduceProd", "REDUCE_MAX": "ReduceMax"}


class Translation:
    """The ONNX graph that is made of a TFLite file, as far as some of its outputs need it.

    Attributes:
        nodes: The steps; inputs and the outputs asked for have their names of the file.
        constants: What they know from the start.
    """

    def __init__(self, path: Path, outputs: Sequence[str], in_bytes: bool) -> None:
        """Translate the file.

        Args:
            path: The file.
            outputs: The names of those of its outputs that are wanted.
            in_bytes: Whether the weights of convolutions are rounded to a byte each, times a number for their channel.
                Else they are float32, four times the size.

        Raises:
            ValueError: when there is a step that is not known here.
        """
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._in_bytes = in_bytes
        self._model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        self._graph = self._model.subgraphs[0]
        self._makers = {int(number): step for step in self._graph.operators for number in step.outputs}
        ends = map(int, (*self._graph.inputs, *self._graph.outputs))
        self._ends: dict[str, int] = {self._graph.tensors[number].name.decode(): number for number in ends}
        self._names = {number: name for name, number in self._ends.items()}
        wanted = {self._ends[name] for name in outputs}
        steps = []
        for step in reversed(self._graph.operators):
            if self._kind(step) != "DEQUANTIZE" and not wanted.isdisjoint(step.outputs):
                wanted.update(map(int, step.inputs))
                steps.append(step)
        for step in reversed(steps):
            self._translate(step)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an input or output of the file."""
        return self._shape(self._ends[name])

    def keep(self, name: str, array: Array) -> str:
        """Add a constant, and return its name. Whole numbers of 32 bits get 64: ONNX wants sizes and places so."""
        array = array.astype(np.int64) if array.dtype == np.int32 else array
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], *made: str, **attributes: Any) -> str:
        """Add a step, and return the name of the first tensor that it makes."""
        self.nodes.append(helper.make_node(kind, inputs, made, **attributes))
        return made[0]

    def _kind(self, step: Any) -> str:
        code = self._model.operatorCodes[step.opcodeIndex]
        return _KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def _shape(self, number: int) -> tuple[int, ...]:
        shape = self._graph.tensors[number].shape
        return () if shape is None else tuple(map(int, shape))

    def _array(self, number: int) -> Array | None:
        """Return the constant content of a tensor, float16 as float32; ``None`` if it is computed."""
        maker = self._makers.get(number)
        if maker is not None:
            return self._array(int(maker.inputs[0])) if self._kind(maker) == "DEQUANTIZE" else None
        tensor = self._graph.tensors[number]
        data = self._model.buffers[tensor.buffer].data
        if data is None or len(data) == 0:
            return None
        array = np.frombuffer(bytes(data), _TYPES[tensor.type]).reshape(self._shape(number))
        return array.astype(np.float32) if array.dtype == np.float16 else array

    def _known(self, number: int) -> Array:
        """Return a constant that a step cannot do without."""
        array = self._array(number)
        if array is None:
            raise ValueError(f"tensor {number} is computed, where a constant is wanted")
        return array

    def _name(self, number: int) -> str:
        """Return what a tensor is called in the graph, its number mostly, and keep it there where it is a constant."""
        if number not in self._names:
            self._names[number] = f"t{number}"
            array = self._array(number)
            if array is not None:
                self.keep(self._names[number], array)
        return self._names[number]

    def _translate(self, step: Any) -> None:
        kind, options, numbers = self._kind(step), step.builtinOptions, list(map(int, step.inputs))
        made = [self._name(int(number)) for number in step.outputs]
        activation = getattr(options, "fusedActivationFunction", _NONE)
        if activation == _RELU:
            self._translate_kind(kind, options, numbers, [f"{made[0]}_linear"])
            self.add("Relu", [f"{made[0]}_linear"], *made)
        elif activation == _NONE:
            self._translate_kind(kind, options, numbers, made)
        else:
            raise ValueError(f"{kind} with another activation than ReLU is not translated")

    def _translate_kind(self, kind: str, options: Any, numbers: list[int], made: list[str]) -> None:
        if kind in _SAME_IN_BOTH:
            self.add(_SAME_IN_BOTH[kind], list(map(self._name, numbers)), *made)
        elif kind in _ALONG_AXIS:
            self.add(_ALONG_AXIS[kind], list(map(self._name, numbers)), *made, axis=options.axis)
        elif kind in _OVER_AXES:
            axes = self._known(numbers[1]).reshape(-1).tolist()
            self.add(_OVER_AXES[kind], [self._name(numbers[0])], *made, axes=axes, keepdims=int(options.keepDims))
        elif kind == "CAST":
            self.add("Cast", [self._name(numbers[0])], *made, to=TensorProto.FLOAT)
        elif kind == "TOPK_V2":
            most = self.keep(f"{made[0]}_most", self._known(numbers[1]).reshape(1))
            self.add("TopK", [self._name(numbers[0]), most], *made)
        elif kind == "PACK":
            axis = self.keep(f"{made[0]}_axis", np.array([options.axis]))
            parts = [self.add("Unsqueeze", [self._name(one), axis], f"{made[0]}_{one}") for one in numbers]
            self.add("Concat", parts, *made, axis=options.axis)
        elif kind == "UNPACK":
            axis, parts = self.keep(f"{made[0]}_axis", np.array([options.axis])), [f"{name}_part" for name in made]
            self.add("Split", [self._name(numbers[0])], *parts, axis=options.axis)
            for part, name in zip(parts, made, strict=True):
                self.add("Squeeze", [part, axis], name)
        elif kind == "STRIDED_SLICE":
            self._translate_slice(options, numbers, made[0])
        elif kind in ("CONV_2D", "MAX_POOL_2D"):
            self._translate_window(kind, options, numbers, made[0])
        else:
            raise ValueError(f"{kind} is not translated")

    def _translate_slice(self, options: Any, numbers: list[int], made: str) -> None:
        if options.ellipsisMask or options.newAxisMask or options.shrinkAxisMask:
            raise ValueError("STRIDED_SLICE to another number of axes is not translated")
        begin, end, steps = (self._known(number).astype(np.int64) for number in numbers[1:])
        axes = np.arange(len(begin))
        # A bit of the masks says that the slice begins, or ends, where its axis does.
        parts = {
            "begin": np.where(options.beginMask >> axes & 1, 0, begin),
            "end": np.where(options.endMask >> axes & 1, np.iinfo(np.int64).max, end),
            "axes": axes,
            "steps": steps,
        }
        kept = [self.keep(f"{made}_{name}", array) for name, array in parts.items()]
        self.add("Slice", [self._name(numbers[0]), *kept], made)

    def _translate_window(self, kind: str, options: Any, numbers: list[int], made: str) -> None:
        inputs = [self.add("Transpose", [self._name(numbers[0])], f"{made}_from", perm=_CHANNELS_FIRST)]
        # Where SAME has an odd row or column to add, TensorFlow adds it after the last.
        padding = "SAME_UPPER" if options.padding == schema.Padding.SAME else "VALID"
        attributes: dict[str, Any] = {"auto_pad": padding, "strides": (options.strideH, options.strideW)}
        if kind == "CONV_2D":
            inputs += [self._weights(numbers[1]), self._name(numbers[2])]
            attributes["dilations"] = (options.dilationHFactor, options.dilationWFactor)
        else:
            attributes["kernel_shape"] = (options.filterHeight, options.filterWidth)
        seen = self.add("Conv" if kind == "CONV_2D" else "MaxPool", inputs, f"{made}_seen", **attributes)
        self.add("Transpose", [seen], made, perm=_CHANNELS_LAST)

    def _weights(self, number: int) -> str:
        weights, name = self._known(number).transpose(_CHANNELS_FIRST), f"t{number}"
        if not self._in_bytes:
            return self.keep(name, weights)
        scales = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / np.float32(127)
        steps = self.keep(f"{name}_steps", np.round(weights / scales).astype(np.int8))
        # ONNX Runtime does both of these once, when it loads the model; DequantizeLinear it would do for each picture.
        floats = self.add("Cast", [steps], f"{name}_floats", to=TensorProto.FLOAT)
        return self.add("Mul", [floats, self.keep(f"{name}_scales", scales)], name)
