"""The child process that tries a model file: ``python -m vision.runtimes.verify MODULE:CLASS FILE SHA256``.

Loads the file and runs it on noise. Prints what is wrong with it on a line of its own; ends by a signal when the file
ends whoever loads it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .base import Runtime, Tensor, TensorInfo
from .errors import ModelError
from .model_file import ModelFile
from .verifier import MARK

_SIDES_PX = (64, 224, 384)  # for an input that takes pictures of any size, or says so and takes one of them only
_MEMORY_BYTES = 4 * 1024**3  # of address space, besides 40 times the file: a damaged size must not fill the machine


def verify_model(runtime_type: type[Runtime], path: Path, sha256: str) -> str | None:
    """Load a model and run it on noise, in this process; return what is wrong with it, ``None`` for nothing."""
    try:
        file = ModelFile.read(path)
        if file.sha256 != sha256:
            return "the file has changed while it was being checked; try again"
        runtime = runtime_type(file, 1)
        _run(runtime)
        runtime.close()
    except ModelError as error:
        return str(error).removeprefix(f"{path}: ")
    return None


def _run(runtime: Runtime) -> None:
    """Run a model on noise; one that refuses each size offered is not damaged, where its file does not say which."""
    guessed = any(len(info.shape) == 4 and -1 in info.shape[1:] for info in runtime.inputs)
    for side_px in _SIDES_PX:
        noise = {info.name: _noise(info, side_px) for info in runtime.inputs}
        try:
            runtime.infer(noise)
        except ModelError:
            if not guessed:
                raise
        else:
            return


def _noise(info: TensorInfo, side_px: int) -> Tensor:
    shape = [size if size > 0 else 1 for size in info.shape]
    if len(shape) == 4:  # the sides of a picture
        colors_first = info.shape[1] < 0 and info.shape[3] < 0  # nothing is fixed: exports from PyTorch are like that
        shape = [shape[0], *(size if size > 0 else side_px for size in info.shape[1:])]
        shape[1] = 3 if colors_first else shape[1]
    random = np.random.default_rng(0)
    if info.dtype == np.bool_:  # a switch, as merged decoders have one
        return np.zeros(shape, info.dtype)
    if np.issubdtype(info.dtype, np.floating):
        return random.random(shape).astype(info.dtype)
    if info.dtype in (np.int32, np.int64):  # numbers of words; every vocabulary has a 0
        return np.zeros(shape, info.dtype)
    if np.issubdtype(info.dtype, np.integer):
        return random.integers(0, 100, shape).astype(info.dtype)
    raise ModelError(f"input {info} is of a type that no picture has")


def _limit(file_bytes: int) -> None:
    """Leave no core file, and take no more memory than a model of that size can need."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = _MEMORY_BYTES + 40 * file_bytes
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def load_runtime(name: str) -> type[Runtime]:
    """Return the class of a runtime by its module and name, ``MODULE:CLASS``.

    Raises:
        ModelError: when this process cannot import it.
    """
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ModelError(f"cannot be tried, because a new process cannot import its runtime {name}: {error}") from error
    kind: type[Runtime] = found
    return kind


def main(arguments: list[str]) -> None:
    """Try the model named on the command line and print what was found, as one line."""
    runtime_name, path, sha256 = arguments
    _limit(os.path.getsize(path))
    try:
        problem = verify_model(load_runtime(runtime_name), Path(path), sha256)
    except ModelError as error:
        problem = str(error)
    # A line of its own: what the library has printed before may lack its line end. Then out at once, because
    # taking a half-broken interpreter down may end in a crash that says nothing about the model.
    print(f"\n{MARK}{json.dumps({'error': problem})}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
