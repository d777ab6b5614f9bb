"""The child process that verifies a model file: ``python -m vision.runtimes.verify MODULE:CLASS FILE SHA256 [batch]``.

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

from .base import Runtime
from .batching import check_batches
from .files import ModelError
from .noise import is_size_unknown, noise
from .verifier import MARK

_MEMORY_BYTES = (
    4 * 1024**3
)  # of address space, plus 40 times the file size: a damaged size field must not exhaust memory


def verify_model(runtime_type: type[Runtime], path: Path, sha256: str, *, in_batches: bool = False) -> str | None:
    """Load a model and run it on noise, in this process; return the error, ``None`` on success.

    Whether it runs ``in_batches`` is found out where it is loaded: here two pictures at once must only not crash it.
    """
    try:
        file = runtime_type.read(path)
        if file.sha256 != sha256:
            return "the file has changed while it was being checked; try again"
        runtime = runtime_type(file, 1)
        _run(runtime)
        if in_batches:
            with contextlib.suppress(ModelError):
                check_batches(runtime, path)
        runtime.close()
    except ModelError as error:
        return str(error).removeprefix(f"{path}: ")
    return None


def _run(runtime: Runtime) -> None:
    """Run a model on noise; a model of unspecified input size may refuse every size and still be intact."""
    for inputs in noise(runtime):
        try:
            runtime.infer(inputs)
        except ModelError:
            if not is_size_unknown(runtime):
                raise
        else:
            return


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
    runtime_name, path, sha256, *options = arguments
    _limit(os.path.getsize(path))
    try:
        problem = verify_model(load_runtime(runtime_name), Path(path), sha256, in_batches="batch" in options)
    except ModelError as error:
        problem = str(error)
    # A line of its own: earlier output of the library may lack its line end. Then exit at once: shutting down a
    # half-broken interpreter may crash, which says nothing about the model.
    print(f"\n{MARK}{json.dumps({'error': problem})}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
