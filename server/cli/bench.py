"""Run the benchmarks, which stand in a clone beside the program and are not installed with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..program import UsageError

CLONE = Path(__file__).parents[2]
"""The folder that holds ``benchmarks``, if the program runs from a clone."""


def run_benchmarks(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by the benchmarks of a clone. Their exit code is that of the command.

    Args:
        arguments: Names and options, as ``python -m benchmarks run`` takes them.

    Raises:
        UsageError: There are none.
    """
    if not (CLONE / "benchmarks" / "__main__.py").is_file():
        raise UsageError(
            f"there are no benchmarks in {CLONE}: they are part of a clone of the repository, not of the installed "
            "package; install the clone with `make install`, and run `camweave bench` or `make bench` there"
        )
    paths = [str(CLONE), *filter(None, [os.environ.get("PYTHONPATH")])]
    sys.stdout.flush()
    os.execve(
        sys.executable,
        [sys.executable, "-m", "benchmarks", "run", *arguments],
        {**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
