"""The command line of the benchmarks, which `make bench` and `camweave bench` run. README.md explains the output."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from .figures import FIGURES
from .measuring import (
    MIN_PAIRS,
    Findings,
    Program,
    ProgramError,
    Side,
    UnknownCommit,
    Verdict,
    checkout,
    compare,
    details_of,
    is_wide,
    json_of,
    machine,
    median_interval,
    resolved,
    table_of,
    verdict,
)
from .workloads import WORKLOADS, Inputs, Workload, prepared

ROOT = Path(__file__).parents[1]
DEFAULT_WORK = 150
DONE, SOMETHING_WORSE, BAD_COMMAND, INTERRUPTED = 0, 1, 2, 130


def at_least(minimum: int) -> Callable[[str], int]:
    """Return an argparse type for whole numbers."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be a whole number, at least {minimum}; got {text}")
        return int(text)

    return number


def positive(text: str) -> float:
    """Return a number above 0.

    Raises:
        argparse.ArgumentTypeError: The text is none.
    """
    with contextlib.suppress(ValueError):
        if 0 < (number := float(text)) < float("inf"):
            return number
    raise argparse.ArgumentTypeError(f"must be a number above 0; got {text}")


def numbers(text: str) -> tuple[int, ...]:
    """Return several whole numbers above 0 in ascending order, from a text such as ``1,8``."""
    return tuple(sorted({at_least(1)(number) for number in text.split(",")}))


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
    run = commands.add_parser("run", parents=[inputs], help="measure the working tree beside peers and the bare calls")
    run.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of: {', '.join(FIGURES)}")
    run.add_argument("--json", metavar="FILE", help="write the results as JSON; - for stdout, the tables go to stderr")
    default = Inputs.numbers, Inputs.seconds, Inputs.minutes
    run.add_argument(
        "--numbers",
        type=numbers,
        default=default[0],
        metavar="N,N",
        help=f"how many cameras `cameras` serves ({','.join(map(str, default[0]))})",
    )
    run.add_argument(
        "--seconds", type=positive, default=default[1], help=f"how long `cameras` measures each ({default[1]:g})"
    )
    run.add_argument("--minutes", type=positive, default=default[2], help=f"how long `overload` runs ({default[2]:g})")
    versus = commands.add_parser("compare", parents=[inputs], help="compare the CPU time of two commits")
    versus.add_argument("base", metavar="BASE", help="the commit to compare with")
    versus.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of: {', '.join(WORKLOADS)}")
    versus.add_argument("--head", metavar="COMMIT", help="the commit to judge; without it the working tree as it is")
    versus.add_argument(
        "--pairs", type=at_least(MIN_PAIRS), default=MIN_PAIRS, help=f"how often each runs ({MIN_PAIRS})"
    )
    return top


def run(names: Sequence[str], inputs: Inputs, json_file: str | None) -> int:
    """Measure the working tree once, and print what was found: details as they come, the table of all in the end."""
    tables = sys.stderr if json_file == "-" else sys.stdout
    found: dict[str, Findings] = {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="camweave-bench-") as scratch:
        program = Program(ROOT, "working tree", Path(scratch))
        program.compile()
        for name in names:
            began_s = time.monotonic()
            shown(f"{name} ...")
            try:
                found[name] = FIGURES[name](program, inputs)
            except (ProgramError, ValueError) as error:
                # The others take minutes; they are not lost with this one.
                shown("")
                print(f"{name} failed: {reason(error)}", file=tables, flush=True)
                failed = True
                continue
            shown("")
            said = [f"{name} ({time.monotonic() - began_s:.0f} s)", details_of(found[name]), *found[name].notes]
            print("\n".join(filter(None, said)), end="\n\n", file=tables, flush=True)
    print(f"{machine()}, {time.strftime('%Y-%m-%d')}\n{table_of(found)}", file=tables)
    if json_file == "-":
        print(json_of(found))
    elif json_file is not None:
        Path(json_file).write_text(json_of(found) + "\n", "utf-8")
    return SOMETHING_WORSE if failed else DONE


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
    return SOMETHING_WORSE if {Verdict.WORSE, None} & set(verdicts) else DONE


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

    0: everything was measured, and nothing is worse; a missed target is in the table. 1: a workload is worse, or
    something failed. 2: an invalid command. 130: interrupted.
    """
    command = parser()
    options = command.parse_args(arguments)
    known = tuple(FIGURES if options.command == "run" else WORKLOADS)
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
                    inputs = dataclasses.replace(
                        inputs, numbers=options.numbers, seconds=options.seconds, minutes=options.minutes
                    )
                    return run(names, inputs, options.json)
                return versus(options.base, options.head, names, inputs, options.pairs)
    except UnknownCommit as error:
        print(error, file=sys.stderr)
        return BAD_COMMAND
    except (ProgramError, subprocess.CalledProcessError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return SOMETHING_WORSE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
