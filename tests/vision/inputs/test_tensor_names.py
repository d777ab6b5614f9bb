from __future__ import annotations

import numpy as np
import pytest

from vision import ModelError
from vision.inputs.tensor_names import image_input
from vision.runtimes.base import TensorInfo

A, B = (TensorInfo(name, (1, 4), np.dtype(np.float32)) for name in ("a", "b"))


def test_the_picture_goes_into_the_only_input() -> None:
    assert image_input([A], {}) is A
    assert image_input([A], {"a": "image"}) is A
    with pytest.raises(ModelError, match="remap_input_names: the model has no input 'x', only a"):
        image_input([A], {"x": "image"})
    with pytest.raises(ModelError) as caught:
        image_input([A, B], {})
    assert (
        str(caught.value) == "the model must have one input, the picture, but has 2: a [1, 4] float32; b [1, 4] float32"
    )
