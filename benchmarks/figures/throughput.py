"""Wall-clock time of `camweave annotate` beside a tutorial's loop, from the command line to the finished file.

Both are processes of their own and alternate; model, threads of the model and settings of the encoder are the same.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from streams.movie import X264_OPTIONS

from ..measuring import RATE, Finding, Findings, Program, ProgramError, at_least, render, repeat
from ..workloads import Inputs

RENDERED_S = 5
CLIPS = ((5, 3, 1.0), (60, 2, 1.5))
"""Length in seconds, a multiple of what is rendered; pairs of runs; target."""
TUTORIAL = Path(__file__).with_name("tutorial.py")


class Run(NamedTuple):
    """The seconds that a process took: wall clock, and of the processors."""

    wall_s: float
    cpu_s: float


def measure(program: Program, inputs: Inputs) -> Findings:
    """Annotate each clip both ways."""
    config = program.scratch / "throughput.yaml"
    rendered = program.scratch / "rendered.mp4"
    render(rendered, 1280, 720, RENDERED_S * RATE)
    rows = []
    for length_s, pairs, target in CLIPS:
        clip, annotated, painted = (
            program.scratch / f"{name}-{length_s}.mp4" for name in ("clip", "annotated", "tutorial")
        )
        repeat(rendered, clip, length_s // RENDERED_S)
        config.write_text(inputs.detected(clip), "utf-8")
        # fmt: off
        annotate = program.command(
            "annotate", str(config), "--camera", "seen", "--input", str(clip), "--output", str(annotated)
        )
        # fmt: on
        tutorial = [
            sys.executable,
            str(TUTORIAL),
            str(clip),
            str(painted),
            str(inputs.model),
            "1",
            json.dumps(X264_OPTIONS),
        ]
        runs = [(_run(program, annotate), _run(program, tutorial)) for _ in range(pairs)]
        frames = length_s * RATE
        rates = [frames / statistics.median(pair[side].wall_s for pair in runs) for side in (0, 1)]
        spent_ms = [1000 * statistics.median(pair[side].cpu_s for pair in runs) / frames for side in (0, 1)]
        rows.append(
            Finding(
                f"annotate {length_s} s of 720p, relative to a tutorial's loop",
                tuple(theirs.wall_s / ours.wall_s for ours, theirs in runs),
                "",
                f"{rates[0]:.0f} frames/s, {spent_ms[0]:.1f} ms CPU a frame; "
                f"the tutorial: {rates[1]:.0f}, {spent_ms[1]:.1f} ms",
                at_least(target),
            )
        )
    return Findings(rows)


def _run(program: Program, command: Sequence[str]) -> Run:
    """Run a command to its end."""
    began_s, spent_s = time.monotonic(), _spent_s()
    done = subprocess.run(
        command,
        cwd=program.scratch,
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    run = Run(time.monotonic() - began_s, _spent_s() - spent_s)
    if done.returncode:
        raise ProgramError(f"{command[0]} has ended with {done.returncode}: {done.stderr[-2000:]}")
    return run


def _spent_s() -> float:
    """Return the CPU time of all child processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
