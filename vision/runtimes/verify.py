"""The child process that verifies a model file: ``python -m vision.runtimes.verify MODULE:CLASS FILE SHA256``.

It waits for a line on stdin, loads the file, runs it on noise and prints the result on a line of its own. A file that
crashes it ends it by a signal.
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
from .files import ModelError
from .verifier import MARK

_SIDES_PX = (64, 224, 384)  # for an input that accepts pictures of any size, or claims to and accepts one of these
_MEMORY_BYTES = (
    4 * 1024**3
)  # of address space, plus 40 times the file size: a damaged size field must not exhaust memory


def verify_model(runtime_type: type[Runtime], path: Path, sha256: str) -> str | None:
    """Load a model and run it on noise, in this process; return the error, ``None`` on success."""
    try:
        file = runtime_type.read(path)
        if file.sha256 != sha256:
            return "the file has changed while it was being checked; try again"
        runtime = runtime_type(file, 1)
        _run(runtime)
        runtime.close()
    except ModelError as error:
        return str(error).removeprefix(f"{path}: ")
    return None


def _run(runtime: Runtime) -> None:
    """Run a model on noise; a model of unspecified input size may refuse every size and still be intact."""
    is_size_unknown = any(len(info.shape) == 4 and -1 in info.shape[1:] for info in runtime.inputs)
    for side_px in _SIDES_PX:
        noise = {info.name: _noise(info, side_px) for info in runtime.inputs}
        try:
            runtime.infer(noise)
        except ModelError:
            if not is_size_unknown:
                raise
        else:
            return


def _noise(info: TensorInfo, side_px: int) -> Tensor:
    shape = [size if size > 0 else 1 for size in info.shape]
    if len(shape) == 4:  # the sides of a picture
        colors_first = info.shape[1] < 0 and info.shape[3] < 0  # neither is fixed, as in exports from PyTorch
        shape = [shape[0], *(size if size > 0 else side_px for size in info.shape[1:])]
        shape[1] = 3 if colors_first else shape[1]
    random = np.random.default_rng(0)
    if info.dtype == np.bool_:  # a switch, as in merged decoders
        return np.zeros(shape, info.dtype)
    if np.issubdtype(info.dtype, np.floating):
        return random.random(shape).astype(info.dtype)
    if info.dtype in (np.int32, np.int64):  # token ids; every vocabulary has a 0
        return np.zeros(shape, info.dtype)
    if np.issubdtype(info.dtype, np.integer):
        return random.integers(0, 100, shape).astype(info.dtype)
    raise ModelError(f"input {info} has a type that no picture has")


def _limit(file_bytes: int) -> None:
    """Write no core file, and limit memory to what a model of that size can need."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = _MEMORY_BYTES + 40 * file_bytes
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def load_runtime(name: str) -> type[Runtime]:
    """Return the runtime class named ``MODULE:CLASS``.

    Raises:
        ModelError: when this process cannot import it.
    """
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ModelError(f"cannot be verified: a new process cannot import its runtime {name}: {error}") from error
    kind: type[Runtime] = found
    return kind


def main(arguments: list[str]) -> None:
    """Verify the model named on the command line and print the result as one line."""
    if not sys.stdin.readline():
        return  # the program has ended
    runtime_name, path, sha256 = arguments
    _limit(os.path.getsize(path))
    try:
        problem = verify_model(load_runtime(runtime_name), Path(path), sha256)
    except ModelError as error:
        problem = str(error)
    # A line of its own: earlier output of the library may lack its line end. Then exit at once: shutting down a
    # half-broken interpreter may crash, which says nothing about the model.
    print(f"\n{MARK}{json.dumps({'error': problem})}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
