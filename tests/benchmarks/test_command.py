"""The command line of the benchmarks: what it takes, its exit codes, and that it leaves nothing behind."""

import contextlib
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import command
from benchmarks.measuring import Finding, Findings, Program, ProgramError, at_least
from benchmarks.workloads import WORKLOADS, Inputs, Workload
from tests.benchmarks.repositories import made, worktrees

Run = Callable[[Callable[[Program], float]], tuple[Path, str, str]]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that lets one workload of ours compare the commits of a small repository."""
    root, first, second = made(tmp_path / "repository")

    @contextlib.contextmanager
    def nothing(*_: object) -> Iterator[Inputs]:
        yield Inputs(root, root, b"", root, None, 1)

    def use(measure: Callable[[Program], float]) -> tuple[Path, str, str]:
        workload = Workload("small", "a small thing", "ms", lambda program, inputs: measure(program))
        monkeypatch.setattr(command, "WORKLOADS", {"small": workload})
        monkeypatch.setattr(command, "ROOT", root)
        monkeypatch.setattr(command, "prepared", nothing)
        return root, first, second

    return use


def number(program: Program) -> float:
    """Give what the commit of a program says it costs."""
    return float((program.root / "program.py").read_text().partition("=")[2])


def test_a_head_that_costs_more_is_worse(repository: Run, capsys: pytest.CaptureFixture[str]) -> None:
    root, first, second = repository(number)
    assert command.main(["compare", first, "--head", second]) == 1
    out = capsys.readouterr().out
    assert "98.4% interval" in out and first[:12] in out and second[:12] in out
    assert out.splitlines()[-1].split()[:7] == ["small", "1.00", "2.00", "2.000", "2.000", "to", "2.000"]
    assert "worse" in out and "no worse" not in out
    assert worktrees(root) == [str(root)]


def test_a_head_that_costs_less_is_better(repository: Run, capsys: pytest.CaptureFixture[str]) -> None:
    _, first, second = repository(number)
    assert command.main(["compare", second, "small", "--head", first, "--pairs", "9"]) == 0
    out = capsys.readouterr().out
    assert "better" in out and "9 pairs" in out and "96.1% interval" in out


def test_a_commit_is_no_worse_than_itself(repository: Run, capsys: pytest.CaptureFixture[str]) -> None:
    _, first, _ = repository(number)
    assert command.main(["compare", first, "--head", first]) == 0
    assert "no worse" in capsys.readouterr().out


def test_without_a_head_the_working_tree_is_judged_as_it_is(repository: Run) -> None:
    root, first, _ = repository(number)
    (root / "program.py").write_text("NUMBER = 3\n")
    assert command.main(["compare", first]) == 1
    (root / "program.py").write_text("NUMBER = 1\n")
    assert command.main(["compare", first]) == 0


def test_a_workload_that_fails_leaves_the_others_their_row(
    repository: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(program: Program, inputs: Inputs) -> float:
        error = ProgramError("no frame")
        error.add_note("the model is broken\n")
        raise error

    _, first, _ = repository(number)
    broken = Workload("broken", "a broken thing", "ms", fail)
    small = Workload("small", "a small thing", "ms", lambda program, inputs: number(program))
    monkeypatch.setattr(command, "WORKLOADS", {"broken": broken, "small": small})
    assert command.main(["compare", first, "--head", first]) == 1
    out = capsys.readouterr().out
    assert "broken        failed: no frame\nthe model is broken\nsmall " in out
    assert "no worse" in out


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_checkout(repository: Run, signal_number: int) -> None:
    seen: list[list[str]] = []

    def interrupted(program: Program) -> float:
        seen.append(worktrees(root))
        signal.raise_signal(signal_number)
        raise AssertionError("the signal has done nothing")

    root, first, second = repository(interrupted)
    # A shell without job control starts background programs, such as this one perhaps, with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert command.main(["compare", first, "--head", second]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert [len(folders) for folders in seen] == [3]
    assert worktrees(root) == [str(root)]
    assert not any(Path(folder).exists() for folder in seen[0][1:])


def test_a_commit_that_is_none_is_a_bad_command(repository: Run, capsys: pytest.CaptureFixture[str]) -> None:
    _, first, _ = repository(number)
    assert command.main(["compare", "nothing"]) == 2
    assert command.main(["compare", first, "--head", "nothing"]) == 2
    assert "nothing is no commit of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "HEAD", "nothing"], "nothing: not a benchmark of compare; there are annotate, live"),
        (["compare", "HEAD", "latency"], "latency: not a benchmark of compare"),
        (["run", "nothing"], "nothing: not a benchmark of run"),
        (["run", "live"], "live: not a benchmark of run; there are cameras, slow_model"),
        (["run", "--seconds", "nan"], "must be a number above 0; got nan"),
        (["run", "--numbers", "1,0"], "must be a whole number, at least 1; got 0"),
        (["compare", "HEAD", "--pairs", "6"], "must be a whole number, at least 7; got 6"),
        (["compare", "HEAD", "--video", "/nothing.mp4"], "no such file: /nothing.mp4"),
        (["run", "--frames", "0"], "must be a whole number, at least 1; got 0"),
        ([], "command"),
    ],
)
def test_a_bad_command_says_what_there_is(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def figures(repository: Run, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[Program, Inputs], Findings]]:
    """Give the table of benchmarks in place of ours, for `run` in a small repository."""
    repository(number)
    table: dict[str, Callable[[Program, Inputs], Findings]] = {}
    monkeypatch.setattr(command, "FIGURES", table)
    return table


def test_what_was_found_is_one_table_and_json(
    figures: dict[str, Callable[[Program, Inputs], Findings]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures["fast"] = lambda program, inputs: Findings([Finding("speed", (inputs.minutes,), "m/s", "", at_least(3))])
    figures["many"] = lambda program, inputs: Findings(
        [Finding("most", (inputs.numbers[-1],))], [{"n": 1}], ["A note."]
    )
    assert command.main(["run", "--minutes", "2", "--numbers", "7,4", "--json", str(tmp_path / "found.json")]) == 0
    out = capsys.readouterr().out
    assert "| fast" in out and "MISSED" in out and "A note." in out
    said = json.loads((tmp_path / "found.json").read_text())["benchmarks"]
    assert [said[name]["rows"][0]["value"] for name in said] == [2.0, 7]
    assert command.main(["run", "many", "--json", "-"]) == 0
    written = capsys.readouterr()
    assert list(json.loads(written.out)["benchmarks"]) == ["many"]
    assert "| many" in written.err


def test_a_benchmark_that_fails_leaves_the_others_their_rows(
    figures: dict[str, Callable[[Program, Inputs], Findings]], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(program: Program, inputs: Inputs) -> Findings:
        raise ProgramError("no frame")

    figures.update(broken=fail, small=lambda program, inputs: Findings([Finding("cost", (1.0,))]))
    assert command.main(["run"]) == 1
    out = capsys.readouterr().out
    assert "broken failed: no frame" in out and "| small" in out


def test_every_workload_is_in_the_table_under_the_name_of_its_file() -> None:
    folder = Path(command.__file__).parent / "workloads"
    kinds = {path.stem for path in folder.glob("*.py") if "WORKLOAD = " in path.read_text()}
    assert set(WORKLOADS) == kinds
    assert {workload.name for workload in WORKLOADS.values()} == kinds
