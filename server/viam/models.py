"""Viam's ML model service: the models that are declared, with the tensors as they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from vision import Loan, Runtime, RuntimeDeclaration, TensorInfo, borrow_model

from ..core import Backend, NotFound, model_errors
from .calls import Calls
from .messages import common, mlmodel_grpc, mlmodel_pb2, struct
from .tensors import arrays, flat


class Model:
    """A declared model, as the loans of requests take it."""

    def __init__(self, declared: RuntimeDeclaration, runtimes: Mapping[str, type[Runtime]]) -> None:
        self.name = declared.name
        self.declared = declared
        self._runtimes = runtimes
        self._loans: deque[Loan] = deque()

    @property
    def runtime(self) -> Runtime:
        """The model; only while it is open."""
        return self._loans[-1].runtime

    def open(self) -> None:
        """Load it, or share it where it is loaded already.

        Raises:
            ModelError: when it cannot be used.
        """
        self._loans.append(borrow_model(self.declared, runtimes=self._runtimes))

    def close(self) -> None:
        """Give the oldest loan back: a new one may have been taken out already."""
        self._loans.popleft().close()


class MlModelCalls(Calls):
    """Answers by running a model on a thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._models = {
            name: Model(declared, backend.config.tables.runtimes) for name, declared in backend.config.models.items()
        }
        super().__init__(
            mlmodel_grpc.UnimplementedMLModelServiceBase(),
            {"Infer": self._infer, "Metadata": self._metadata, "GetStatus": self._status},
        )

    def _model(self, name: str) -> Model:
        model = self._models.get(name)
        if model is None:
            raise NotFound(f"there is no model {name[:100]!r}")
        return model

    async def _infer(self, request: mlmodel_pb2.InferRequest) -> mlmodel_pb2.InferResponse:
        model = self._model(request.name)
        async with self._backend.opened(model, _what(model.name)):
            return await self._backend.models.run(_inferred, model.runtime, request)

    async def _metadata(self, request: mlmodel_pb2.MetadataRequest) -> mlmodel_pb2.MetadataResponse:
        model = self._model(request.name)
        async with self._backend.opened(model, _what(model.name)):
            runtime = model.runtime
            described = mlmodel_pb2.Metadata(
                name=model.name,
                type=model.declared.model,
                input_info=[_described(info, info.dtype.name) for info in runtime.inputs],
                output_info=[_described(info, _real_type(info)) for info in runtime.outputs],
            )
        labels = model.declared.attributes.label_path
        if labels is not None and described.output_info:
            file = mlmodel_pb2.File(name=labels.name, label_type=mlmodel_pb2.LABEL_TYPE_TENSOR_VALUE)
            described.output_info[0].associated_files.append(file)
        return mlmodel_pb2.MetadataResponse(metadata=described)

    async def _status(self, request: common.GetStatusRequest) -> common.GetStatusResponse:
        return common.GetStatusResponse(result=struct({"model": self._model(request.name).declared.model}))


def _inferred(runtime: Runtime, request: mlmodel_pb2.InferRequest) -> mlmodel_pb2.InferResponse:
    with model_errors(_what(request.name)):
        results = runtime.infer(arrays(request.input_tensors.tensors, runtime.inputs))
    tensors = mlmodel_pb2.FlatTensors()
    for name, array in results.items():
        tensors.tensors[name].CopyFrom(flat(array))
    return mlmodel_pb2.InferResponse(output_tensors=tensors)


def _real_type(info: TensorInfo) -> str:
    return "float32" if info.scale else info.dtype.name  # what is quantised comes out in its real unit


def _described(info: TensorInfo, data_type: str) -> Any:
    return mlmodel_pb2.TensorInfo(name=info.name, data_type=data_type, shape=info.shape)


def _what(name: str) -> str:
    return f"ML model service {name}"
