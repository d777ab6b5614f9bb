"""Wall-clock time of `camweave annotate` beside a tutorial's loop, from the command line to the finished file.

Both are processes of their own and alternate; model, threads of the model and settings of the encoder are the same.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from streams.movie import X264_OPTIONS

from ..measuring import RATE, Finding, Findings, Program, ProgramError, at_least, render, repeat
from ..workloads import Inputs

RENDERED_S = 5
CLIPS = ((5, 3, 1.0), (60, 2, 1.5))
"""Length in seconds, a multiple of what is rendered; pairs of runs; target."""
TUTORIAL = Path(__file__).with_name("tutorial.py")


def measure(program: Program, inputs: Inputs) -> Findings:
    """Annotate each clip both ways."""
    config = program.scratch / "throughput.yaml"
    rendered = program.scratch / "rendered.mp4"
    render(rendered, 1280, 720, RENDERED_S * RATE)
    rows = []
    for length_s, pairs, target in CLIPS:
        clip, ours, theirs = (program.scratch / f"{name}-{length_s}.mp4" for name in ("clip", "annotated", "tutorial"))
        repeat(rendered, clip, length_s // RENDERED_S)
        config.write_text(inputs.detected(clip), "utf-8")
        # fmt: off
        annotate = program.command(
            "annotate", str(config), "--camera", "seen", "--input", str(clip), "--output", str(ours)
        )
        # fmt: on
        tutorial = [
            sys.executable,
            str(TUTORIAL),
            str(clip),
            str(theirs),
            str(inputs.model),
            "1",
            json.dumps(X264_OPTIONS),
        ]
        took = [(_took_s(program, annotate), _took_s(program, tutorial)) for _ in range(pairs)]
        rates = [length_s * RATE / statistics.median(pair[side] for pair in took) for side in (0, 1)]
        rows.append(
            Finding(
                f"annotate {length_s} s of 720p, relative to a tutorial's loop",
                tuple(theirs_s / ours_s for ours_s, theirs_s in took),
                "",
                f"{rates[0]:.0f} frames/s; the tutorial: {rates[1]:.0f}",
                at_least(target),
            )
        )
    return Findings(rows)


def _took_s(program: Program, command: Sequence[str]) -> float:
    """Run a command to its end and return the seconds it took."""
    began_s = time.monotonic()
    done = subprocess.run(
        command,
        cwd=program.scratch,
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    took_s = time.monotonic() - began_s
    if done.returncode:
        raise ProgramError(f"{command[0]} has ended with {done.returncode}: {done.stderr[-2000:]}")
    return took_s
