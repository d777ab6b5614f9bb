"""Verification of a model file in a child process before this one loads it: some damaged files crash the process.

The child is ``python -m vision.runtimes.verify``. Results are kept per SHA-256 of the file and version of the library:
successes in the cache folder, failures until this process ends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from cameras import Child, Deadline, DeadlineExceeded

from .base import Runtime
from .files import ModelError, ModelFile

logger = logging.getLogger(__name__)

TIMEOUT_S = 60.0
MARK = "camweave-verify: "
"""Prefix of the result line of the child process, which tells it from other output."""
START = b"start\n"
"""Input that the child process waits for, so that it runs no model before it is bound to this process."""


class Verifier:
    """Verifies each model file once, in a child process.

    Args:
        cache: Folder with the successes of earlier runs; ``None`` uses ``$XDG_CACHE_HOME/camweave/verified``. A folder
            that cannot be used counts as empty.
        timeout_s: Most CPU time for the load and one inference, in seconds.
        command: Command to run instead of this Python's ``-m vision.runtimes.verify``.
    """

    def __init__(
        self, cache: Path | None = None, timeout_s: float = TIMEOUT_S, command: tuple[str, ...] | None = None
    ) -> None:
        self._cache = cache
        self._timeout_s = timeout_s
        # -P: modules in the current folder must not shadow ours.
        self._command = command or (sys.executable, "-P", "-m", "vision.runtimes.verify")
        self._lock = threading.Lock()
        self._known: dict[str, str | None] = {}

    def verify(self, runtime_type: type[Runtime], file: ModelFile, *, in_batches: bool = False) -> None:
        """Return if the file loads and runs in a child process, ``in_batches`` also with two pictures at once.

        Raises:
            ModelError: when it does not.
        """
        key = f"{file.sha256}-{runtime_type.version()}{'-batch' if in_batches else ''}"
        if key not in self._known and self._is_cached(key):
            self._known[key] = None
        if key not in self._known:
            with self._lock:  # one child at a time, to limit the memory that several first loads take
                if key not in self._known:
                    self._known[key] = self._try(runtime_type, file, ["batch"] if in_batches else [])
                    if self._known[key] is None:
                        self._store(key)
        error = self._known[key]
        if error is not None:
            raise ModelError(f"{file.path}: {error}")

    def _try(self, runtime_type: type[Runtime], file: ModelFile, options: list[str]) -> str | None:
        """Run the child process and return its error, ``None`` on success.

        Raises:
            ModelError: It cannot be run now, which says nothing about the file.
        """
        logger.info("model %s: first load of this file, verifying it in a child process", file.path)
        folders = [_import_folder(Verifier), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        folders.append(_import_folder(runtime_type))
        name = f"{runtime_type.__module__}:{runtime_type.__qualname__}"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, folders))}
        command = [*self._command, name, str(file.path.resolve()), file.sha256, *options]
        try:
            pipe = subprocess.PIPE
            child = Child(command, environment=environment, stdin=pipe, stdout=pipe, stderr=pipe)
        except OSError as error:
            raise ModelError(f"{file.path}: cannot be verified in a child process: {error}") from error
        try:
            stdout, stderr = _communicate(child, Deadline(child, self._timeout_s))
        except DeadlineExceeded as error:
            if error.busy:
                got = f"the process that loads it got {error.cpu_s or 0:.1f} s of CPU time in {error.waited_s:.1f} s"
                raise ModelError(f"{file.path}: {got}: this machine is too busy, or the model hangs") from None
            return f"the model does not load and run within {self._timeout_s:g} s; it is too large or damaged"
        finally:
            child.close()
        return _error_of(child.process.returncode, stdout, stderr)

    def _folder(self) -> Path:
        if self._cache is not None:
            return self._cache
        base = os.environ.get("XDG_CACHE_HOME", "")
        return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "camweave" / "verified"

    def _is_cached(self, key: str) -> bool:
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: no home folder
            return (self._folder() / key).is_file()
        return False

    def _store(self, key: str) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            folder = self._folder()
            folder.mkdir(parents=True, exist_ok=True)
            (folder / key).touch()


def _communicate(child: Child, deadline: Deadline) -> tuple[bytes, bytes]:
    """Let a child start, and return its output.

    Raises:
        DeadlineExceeded: It does not end in time.
    """
    start: bytes | None = START
    while True:
        try:
            return child.process.communicate(start, timeout=deadline.wait_s())
        except subprocess.TimeoutExpired:
            start = None


def _import_folder(kind: type) -> str:
    """Return the folder on ``sys.path`` of the module of a class; empty for a module without a file."""
    file = getattr(sys.modules[kind.__module__], "__file__", None)
    if file is None:
        return ""
    path = Path(file).resolve()
    return str((path.parent if path.name == "__init__.py" else path).parents[kind.__module__.count(".")])


def _error_of(returncode: int, stdout: bytes, stderr: bytes) -> str | None:
    """Return the error that the child process reported or ended with, ``None`` on success."""
    if returncode < 0:
        try:
            name = signal.Signals(-returncode).name
        except ValueError:
            name = f"signal {-returncode}"
        return f"the model is damaged: it crashes the process that loads it ({name}); fetch or convert it again"
    for line in reversed(stdout.decode("utf-8", "replace").splitlines()):
        if line.startswith(MARK):
            with contextlib.suppress(ValueError):
                found = json.loads(line.removeprefix(MARK))
                if isinstance(found, dict) and "error" in found:
                    return None if found["error"] is None else str(found["error"])
    last = (stderr.decode("utf-8", "replace").strip().splitlines() or ["no output"])[-1]
    return f"the model is damaged: verifying it ended with exit code {returncode}: {last[:200]}"
