"""The command line of the benchmarks, which `make bench` runs. README.md explains the output."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from .figures import FIGURES
from .measuring import (
    MIN_PAIRS,
    Program,
    ProgramError,
    Side,
    UnknownCommit,
    Verdict,
    checkout,
    compare,
    is_wide,
    median_interval,
    resolved,
    verdict,
)
from .workloads import WORKLOADS, Inputs, Workload, prepared

ROOT = Path(__file__).parents[1]
DEFAULT_WORK = 150
NOTHING_WORSE, SOMETHING_WORSE, BAD_COMMAND, INTERRUPTED = 0, 1, 2, 130


def at_least(minimum: int) -> Callable[[str], int]:
    """Return an argparse type for whole numbers."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be a whole number, at least {minimum}; got {text}")
        return int(text)

    return number


def file(text: str) -> Path:
    """Return the path of an existing file.

    Raises:
        argparse.ArgumentTypeError: The file does not exist.
    """
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text}")
    return Path(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    inputs = argparse.ArgumentParser(add_help=False)
    inputs.add_argument("--video", type=file, metavar="FILE", help="a video instead of the rendered clips")
    inputs.add_argument("--model", type=file, metavar="FILE", help="a TFLite detector instead of the demo's")
    inputs.add_argument("--labels", type=file, metavar="FILE", help="its labels, one a line; without it those it holds")
    inputs.add_argument(
        "--frames",
        type=at_least(1),
        default=DEFAULT_WORK,
        help=f"work of one run, in frames at 30 a second ({DEFAULT_WORK})",
    )
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the program costs.")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", parents=[inputs], help="measure the working tree beside the bare calls")
    run.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of: {', '.join((*WORKLOADS, *FIGURES))}")
    versus = commands.add_parser("compare", parents=[inputs], help="compare the CPU time of two commits")
    versus.add_argument("base", metavar="BASE", help="the commit to compare with")
    versus.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of: {', '.join(WORKLOADS)}")
    versus.add_argument("--head", metavar="COMMIT", help="the commit to judge; without it the working tree as it is")
    versus.add_argument(
        "--pairs", type=at_least(MIN_PAIRS), default=MIN_PAIRS, help=f"how often each runs ({MIN_PAIRS})"
    )
    return top


def run(names: Sequence[str], inputs: Inputs) -> int:
    """Measure the working tree once: the workloads in CPU time, then the figures."""
    with tempfile.TemporaryDirectory(prefix="camweave-bench-") as scratch:
        program = Program(ROOT, "working tree", Path(scratch))
        for name in names:
            print(f"== {name}", flush=True)
            if name in FIGURES:
                FIGURES[name](program, inputs)
                continue
            workload = WORKLOADS[name]
            cost = workload.measure(program, inputs)
            print(f"{workload.what}: {cost:.2f} {workload.unit} of CPU time")
            if workload.beside is not None:
                what, other = workload.beside(inputs)
                ratio = f"{other / cost:.1f} times as much" if other > cost else f"{cost / other:.2f} times that"
                print(f"beside it: {what}: {other:.2f} {workload.unit}; {ratio}")
    return 0


def shown(progress: str) -> None:
    """Replace the progress line, if the output is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{progress}", end="", file=sys.stderr, flush=True)


def reason(error: Exception) -> str:
    """Return the reason of a failure, with the output of the program."""
    said = [str(error), *getattr(error, "__notes__", ()), getattr(error, "stderr", None) or ""]
    return "\n".join(text.strip() for text in said if text.strip())


def row(workload: Workload, inputs: Inputs, programs: dict[Side, Program], number: int) -> Verdict | None:
    """Compare by one workload, print its row, and return the verdict; None if it failed."""
    try:
        result = compare(
            lambda side: workload.measure(programs[side], inputs),
            number,
            lambda pair: shown(f"{workload.name}: pair {pair} of {number}"),
        )
    except (ProgramError, ValueError) as error:
        # The other workloads take a quarter of an hour; they are not lost with this one.
        shown("")
        print(f"{workload.name:13} failed: {reason(error)}", flush=True)
        return None
    shown("")
    ratio = median_interval(result.ratios)
    said = verdict(ratio)
    base, head = (statistics.median(costs) for costs in (result.base, result.head))
    unsure = ", but a wide interval: more --pairs or a quieter machine" if is_wide(ratio) else ""
    print(
        f"{workload.name:13} {base:9.2f} {head:9.2f}   {ratio.median:6.3f}   {ratio.low:6.3f} to {ratio.high:6.3f}   "
        f"{said:8}  {workload.unit}{unsure}",
        flush=True,
    )
    return said


def versus(base: str, head: str | None, names: Sequence[str], inputs: Inputs, number: int) -> int:
    """Compare two commits and print a row for each workload."""
    base = resolved(ROOT, base)
    head = None if head is None else resolved(ROOT, head)
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="camweave-bench-")))
        programs = {}
        for side, commit in ((Side.BASE, base), (Side.HEAD, head)):
            (scratch / f"{side}-runs").mkdir()
            root = ROOT if commit is None else stack.enter_context(checkout(ROOT, commit, scratch / side))
            programs[side] = Program(root, f"{side} {(commit or 'working tree')[:12]}", scratch / f"{side}-runs")
            programs[side].compile()
        confidence = median_interval([1.0] * number).confidence
        print(
            f"CPU time, {number} pairs of runs; {programs[Side.BASE].name}, {programs[Side.HEAD].name}; "
            f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
            f"{'':13} {'base':>9} {'head':>9}   {'ratio':>6}   {f'{confidence:.1%} interval':16}   verdict",
            flush=True,
        )
        verdicts = [row(WORKLOADS[name], inputs, programs, number) for name in names]
    return SOMETHING_WORSE if {Verdict.WORSE, None} & set(verdicts) else NOTHING_WORSE


@contextlib.contextmanager
def ended_like_interrupted() -> Iterator[None]:
    """Make SIGTERM unwind the program as Ctrl-C does, so that checkouts and processes do not outlive it."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code.

    0: nothing is worse. 1: a workload is worse or failed. 2: an invalid command. 130: interrupted.
    """
    command = parser()
    options = command.parse_args(arguments)
    known = (*WORKLOADS, *FIGURES) if options.command == "run" else tuple(WORKLOADS)
    names = tuple(dict.fromkeys(options.names)) or known
    unknown = [name for name in names if name not in known]
    if unknown:
        command.error(f"{', '.join(unknown)}: not a benchmark of {options.command}; there are {', '.join(known)}")
    try:
        with ended_like_interrupted():
            if options.command == "compare":
                resolved(ROOT, options.base)  # before clips are rendered
            with prepared(options.video, options.model, options.labels, options.frames) as inputs:
                if options.command == "run":
                    return run(names, inputs)
                return versus(options.base, options.head, names, inputs, options.pairs)
    except UnknownCommit as error:
        print(error, file=sys.stderr)
        return BAD_COMMAND
    except (ProgramError, subprocess.CalledProcessError) as error:
        print(reason(error), file=sys.stderr)
        return SOMETHING_WORSE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
