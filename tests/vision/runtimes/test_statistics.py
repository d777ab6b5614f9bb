from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.vision.fakes import runtime
from vision import ModelError, ModelStatistics
from vision.runtimes.base import Batch, Tensor
from vision.runtimes.batching import Batcher
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.statistics import BATCH_BOUNDS
from vision.runtimes.verifier import Verifier


def test_loads_copies_and_failures_of_a_file_are_counted_and_outlast_it(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"a model")
    kind, models = runtime({"out": np.zeros((1, 2))}), SharedModels(Verifier(tmp_path / "cache"))
    counts = models.statistics(path)
    assert (counts.name, counts.loads, counts.copies, counts.load_s) == ("model", 0, 0, 0.0)
    first, second = models.acquire(kind, path), models.acquire(kind, path)
    assert (counts.loads, counts.copies) == (1, 1)
    assert counts.load_s > 0
    first.close()
    second.close()
    assert (counts.loads, counts.copies, counts.failures) == (1, 0, 0)
    kind.load_error = ModelError("broken")
    with pytest.raises(ModelError, match="broken"):
        models.acquire(kind, path)
    assert (counts.loads, counts.copies, counts.failures) == (1, 0, 1)
    assert models.statistics(path.parent / "elsewhere" / "model") is counts, "by its name alone"


def batcher(counts: ModelStatistics, infer: Callable[[Mapping[str, Tensor]], dict[str, Tensor]]) -> Batcher:
    return Batcher(Batch(4, 0.0), Path("model"), infer, lambda function: function(), lambda: False, counts.batches)


def sizes(counts: ModelStatistics) -> dict[float, int]:
    """Return the number of batches by the bound of their bucket."""
    bounds, numbers, _ = counts.batches.read()
    return {bound: number for bound, number in zip(bounds, numbers, strict=False) if number}


def test_the_sizes_of_batches_are_counted() -> None:
    counts = ModelStatistics("model")
    batches = batcher(counts, lambda inputs: dict(inputs))
    batches.infer({"in": np.zeros((1, 3))})
    batches.infer({"in": np.zeros((2, 3))})  # several rows run alone
    assert sizes(counts) == {1: 2}
    assert BATCH_BOUNDS[-1] == 64, "the largest that can be declared"


def test_what_fails_is_no_batch() -> None:
    def fail(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        raise ModelError("broken")

    counts = ModelStatistics("model")
    with pytest.raises(ModelError):
        batcher(counts, fail).infer({"in": np.zeros((1, 3))})
    assert sizes(counts) == {}
