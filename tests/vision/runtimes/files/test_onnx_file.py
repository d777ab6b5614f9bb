from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.vision import onnx_models
from vision import ModelError, Onnx
from vision.runtimes.files import ModelFile, Versions, versions, weight_files, weights_beside


def write(folder: Path, content: bytes) -> ModelFile:
    path = folder / "made.onnx"
    path.write_bytes(content)
    return ModelFile.read(path)


def _far() -> bytes:
    """Return a tensor whose data is in a file."""
    field = onnx_models.field
    entry = field(1, "location") + field(2, "made.onnx.data")
    return field(1, 1) + field(2, 1) + field(8, "far") + field(13, entry) + field(14, 1)


def _places() -> dict[str, bytes]:
    """Return a part of a model for each place where a tensor may be."""
    field, far = onnx_models.field, _far()
    attribute, sparse = field(5, field(5, far)), field(1, far)
    branch = field(5, field(6, field(1, attribute)))
    return {
        "sparse initializer": field(7, field(15, sparse)),
        "constant": field(7, field(1, attribute)),
        "list of an attribute": field(7, field(1, field(5, field(10, far)))),
        "sparse constant": field(7, field(1, field(5, field(22, sparse)))),
        "branch": field(7, field(1, branch)),
        "function": field(25, field(7, attribute)),
        "training": field(20, field(1, field(5, far))),
        "graph given twice": field(7, field(1, attribute)) + field(7, b""),
    }


@pytest.mark.parametrize("place", list(_places()))
def test_external_data_that_is_no_weight_is_refused_with_advice(place: str, tmp_path: Path) -> None:
    graph = b"" if _places()[place][0] == 7 << 3 | 2 else onnx_models.field(7, b"")
    with pytest.raises(ModelError) as caught:
        Onnx.check_format(write(tmp_path, onnx_models.field(1, 8) + _places()[place] + graph))
    assert str(caught.value) == (
        f"{tmp_path}/made.onnx: the ONNX model keeps data of its operators in a separate file; put it into the model: "
        "export it with external_data=False, or `import onnx; onnx.save(onnx.load('made.onnx'), 'made.onnx')`"
    )


def test_data_in_a_file_that_is_merely_mentioned_is_no_external_data(tmp_path: Path) -> None:
    inside = _far()[:-1] + b"\0"
    Onnx.check_format(write(tmp_path, onnx_models.field(1, 8) + onnx_models.field(7, onnx_models.field(5, inside))))


def test_what_another_reader_might_read_differently_is_damaged(tmp_path: Path) -> None:
    group = onnx_models.field(5, b"\x0b\x0c" + _far())  # of a type that is not in use any more
    longer = b"\x2a\x7f" + _far()
    for graph in (group, longer, onnx_models.field(5, _far()[:-1])):
        with pytest.raises(ModelError, match="damaged or incomplete"):
            Onnx.check_format(write(tmp_path, onnx_models.field(1, 8) + onnx_models.field(7, graph)))


@pytest.mark.parametrize("name", ["made.data", "./made.data"])
def test_weights_beside_the_model_are_read_and_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    content, weights = onnx_models.outside(name), np.arange(12, dtype=np.float32)
    file = write(tmp_path, content)
    with pytest.raises(ModelError, match=f"the model keeps weights in {name}, beside it: .*: no such model file"):
        Onnx.read(file.path)
    with pytest.raises(ModelError, match=f"the ONNX model keeps weights in {name}, which was not read"):
        Onnx(file)
    (tmp_path / "made.data").write_bytes(weights.tobytes())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (elsewhere / "made.data").write_bytes(bytes(48))  # what ONNX Runtime itself would read
    complete = Onnx.read(file.path)
    assert complete.sha256 == hashlib.sha256(content + weights.tobytes()).hexdigest() != file.sha256
    added = Onnx(complete).infer({"picture": np.ones((1, 2, 2, 3), np.float32)})["out"]
    assert added.reshape(-1).tolist() == (weights + 1).tolist()


def test_the_files_with_weights_of_a_model_are_known_without_loading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, onnx_models.outside("made.data")).path
    assert weights_beside(path) == (tmp_path / "made.data",)
    path.write_bytes(onnx_models.outside("others.data"))
    assert weights_beside(path) == (tmp_path / "others.data",)
    monkeypatch.setattr(ModelFile, "read", None)
    assert weights_beside(path) == (tmp_path / "others.data",), "it is the same file"
    monkeypatch.setattr("vision.runtimes.files.onnx_file.SEARCHED_MAX_BYTES", 10)
    assert weights_beside(path) == ()


@pytest.mark.parametrize(
    "content", [b"", b"no model", onnx_models.outside("../made.data"), onnx_models.field(7, b"\x2a\x7f")]
)
def test_a_file_that_is_no_model_has_no_weights(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "made.onnx"
    assert weights_beside(path) == ()
    path.write_bytes(content)
    assert weights_beside(path) == weights_beside(tmp_path) == weights_beside(tmp_path / "a\0.onnx") == ()


@pytest.mark.parametrize("location", ["../made.data", "/etc/passwd", "a/b", "..", "", "a\\b", "x\0y"])
def test_weights_elsewhere_are_refused(tmp_path: Path, location: str) -> None:
    with pytest.raises(ModelError) as caught:
        weight_files(write(tmp_path, onnx_models.outside(location)))
    assert str(caught.value) == (
        f"{tmp_path}/made.onnx: the ONNX model keeps weights in {location!r}; only a file beside the model is read"
    )


def test_two_locations_of_one_tensor_are_refused(tmp_path: Path) -> None:
    again = onnx_models.field(13, onnx_models.field(1, "location") + onnx_models.field(2, "b.data"))
    tensor = (
        onnx_models.field(14, 1)
        + again
        + onnx_models.field(13, onnx_models.field(1, "location") + onnx_models.field(2, "a"))
    )
    graph = onnx_models.field(7, onnx_models.field(5, tensor))
    with pytest.raises(ModelError, match="keeps weights in ''"):
        weight_files(write(tmp_path, onnx_models.field(1, 8) + graph))


def test_the_versions_of_a_file_are_read() -> None:
    assert versions(onnx_models.model(operator="Relu")) == Versions(8, 13)
    assert versions(onnx_models.field(7, b"")) == Versions(0, 0)
    other = onnx_models.field(8, onnx_models.field(1, "com.acme") + onnx_models.field(2, 5))
    assert versions(onnx_models.field(1, 9) + other) == Versions(9, 0)
