"""Viam's ML model service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpclib import Status
from viam.proto.service.mlmodel import FlatTensor, FlatTensorDataFloat, FlatTensors, InferRequest, MLModelServiceStub
from viam.services.mlmodel import MLModelClient
from viam.services.mlmodel.utils import flat_tensors_to_ndarrays, ndarrays_to_flat_tensors

from server.viam.tensors import arrays, flat
from vision import TensorInfo

from ..conftest import check_threads, threads_now
from ..served import CAMERAS, Served
from .clients import Clients, asked, refused

MODELS = Path(__file__).parents[3] / "configs" / "models"
TEXT = f"""
{CAMERAS}
services:
  - name: eye
    type: vision
    model: mlmodel
    attributes: {{mlmodel_name: shapes}}
  - name: shapes
    type: mlmodel
    model: tflite_cpu
    attributes: {{model_path: {MODELS}/shapes_classifier.tflite, label_path: {MODELS}/shapes.txt}}
server: {{viam: {{port: 0}}}}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("viam"), TEXT) as running:
        yield running
    check_threads(before)


def model(there: Clients, name: str = "shapes") -> MLModelClient:
    return MLModelClient(name, there.channel)


def test_metadata_describes_inputs_and_outputs(served: Served) -> None:
    metadata = asked(served, lambda there: model(there).metadata())
    assert (metadata.name, metadata.type) == ("shapes", "tflite_cpu")
    (taken,), (given,) = metadata.input_info, metadata.output_info
    assert len(taken.shape) == 4
    assert (taken.data_type, given.data_type) == ("uint8", "float32") or taken.data_type == "float32"
    assert [file.name for file in given.associated_files] == ["shapes.txt"]
    assert asked(served, lambda there: model(there).get_status()) == {"model": "tflite_cpu"}


def test_a_model_runs_on_a_tensor(served: Served) -> None:
    async def infer(there: Clients) -> dict[str, Any]:
        (taken,) = (await model(there).metadata()).input_info
        picture = np.zeros(list(taken.shape), taken.data_type)
        return await model(there).infer({taken.name: picture})

    (scores,) = asked(served, infer).values()
    labels = (MODELS / "shapes.txt").read_text().split()
    assert scores.shape == (1, len(labels))
    assert scores.dtype == np.float32


def sent(**tensors: FlatTensor) -> Callable[[Clients], Awaitable[Any]]:
    async def ask(there: Clients) -> Any:
        request = InferRequest(name="shapes", input_tensors=FlatTensors(tensors=tensors))
        return await MLModelServiceStub(there.channel).Infer(request)

    return ask


def test_tensors_that_do_not_fit_are_refused(served: Served) -> None:
    (taken,) = asked(served, lambda there: model(there).metadata()).input_info
    numbers = FlatTensorDataFloat(data=[1.0, 2.0])
    for tensors, ending in (
        ({}, "; got nothing"),
        ({"other": FlatTensor(shape=[2], float_tensor=numbers)}, "; got other"),
        ({taken.name: FlatTensor(shape=[2], float_tensor=numbers)}, "; got [2] float32"),
        ({taken.name: FlatTensor(shape=taken.shape)}, " nothing"),
    ):
        status, sentence = refused(served, sent(**tensors))
        assert status is Status.INVALID_ARGUMENT
        assert sentence.startswith(f"the model takes {taken.name} [")
        assert sentence.endswith(ending)


def test_an_unknown_model_is_not_found(served: Served) -> None:
    for ask in (
        lambda there: model(there, "eye").metadata(),
        lambda there: model(there, "eye").infer({}),
        lambda there: model(there, "eye").get_status(),
    ):
        assert refused(served, ask) == (Status.NOT_FOUND, "there is no model 'eye'")


# NumPy 1 warns of the way in which the SDK reads negative int16 there, its own as well as ours: they travel as uint32.
@pytest.mark.filterwarnings("ignore:NumPy will stop allowing conversion of out-of-bound:DeprecationWarning")
@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
)
def test_arrays_of_every_type_round_trip(dtype: str) -> None:
    array = np.array([[0, 1, 100], [7, 8, 9]]).astype(dtype)
    if dtype.startswith(("int", "float")):
        array[0, 0] = -5
    message = ndarrays_to_flat_tensors({"a": array})
    back = arrays(message.tensors, [TensorInfo("a", (-1, 3), np.dtype(dtype))])["a"]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    message.tensors["a"].CopyFrom(flat(array))
    np.testing.assert_array_equal(flat_tensors_to_ndarrays(message)["a"], array)


def test_a_tensor_whose_size_does_not_match_its_shape_is_refused() -> None:
    tensor = FlatTensor(shape=[1, 3], float_tensor=FlatTensorDataFloat(data=[1.0]))
    with pytest.raises(Exception, match="tensor a has 1 numbers; its shape .1, 3. has 3"):
        arrays({"a": tensor}, [TensorInfo("a", (1, 3), np.dtype(np.float32))])


def test_types_without_a_message_are_sent_as_bytes() -> None:
    assert flat(np.array([True, False])).uint8_tensor.data == b"\1\0"
