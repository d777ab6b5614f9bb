"""Viam's ML model service: inference on the declared models, with raw tensors."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from vision import ModelHandle, Runtime, RuntimeDeclaration, TensorInfo, load_model

from ..core import Backend, model_errors
from .calls import Calls
from .messages import common, mlmodel_grpc, mlmodel_pb2, struct
from .tensors import arrays, flat


class MlModelCalls(Calls):
    """Answers by running a model on a thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        super().__init__(
            backend,
            mlmodel_grpc.UnimplementedMLModelServiceBase(),
            {"Infer": self._infer, "Metadata": self._metadata, "GetStatus": self._status},
        )

    def _loaded(self, declared: RuntimeDeclaration) -> AbstractAsyncContextManager[ModelHandle]:
        """Return a context that yields the model, loaded or shared with other requests."""
        load = partial(load_model, declared, runtimes=self._backend.config.tables.runtimes)
        # The name is not enough: another model with that name may replace this one.
        return self._backend.opened(("model", repr(declared)), load, _what(declared.name))

    async def _infer(self, request: mlmodel_pb2.InferRequest) -> mlmodel_pb2.InferResponse:
        async with self._loaded(self._backend.declared_model(request.name)) as handle:
            return await self._backend.models.run_for(handle.runtime, _inferred, handle.runtime, request)

    async def _metadata(self, request: mlmodel_pb2.MetadataRequest) -> mlmodel_pb2.MetadataResponse:
        model = self._backend.declared_model(request.name)
        async with self._loaded(model) as handle:
            runtime = handle.runtime
            described = mlmodel_pb2.Metadata(
                name=model.name,
                type=model.model,
                input_info=[_described(info, info.dtype.name) for info in runtime.inputs],
                output_info=[_described(info, _real_type(info)) for info in runtime.outputs],
            )
        labels = model.attributes.label_path
        if labels is not None and described.output_info:
            file = mlmodel_pb2.File(name=labels.name, label_type=mlmodel_pb2.LABEL_TYPE_TENSOR_VALUE)
            described.output_info[0].associated_files.append(file)
        return mlmodel_pb2.MetadataResponse(metadata=described)

    async def _status(self, request: common.GetStatusRequest) -> common.GetStatusResponse:
        return common.GetStatusResponse(result=struct({"model": self._backend.declared_model(request.name).model}))


def _inferred(runtime: Runtime, request: mlmodel_pb2.InferRequest) -> mlmodel_pb2.InferResponse:
    with model_errors(_what(request.name)):
        results = runtime.infer(arrays(request.input_tensors.tensors, runtime.inputs))
    tensors = mlmodel_pb2.FlatTensors()
    for name, array in results.items():
        tensors.tensors[name].CopyFrom(flat(array))
    return mlmodel_pb2.InferResponse(output_tensors=tensors)


def _real_type(info: TensorInfo) -> str:
    return "float32" if info.scale else info.dtype.name  # quantised outputs are dequantised


def _described(info: TensorInfo, data_type: str) -> Any:
    return mlmodel_pb2.TensorInfo(name=info.name, data_type=data_type, shape=info.shape)


def _what(name: str) -> str:
    return f"ML model service {name}"
