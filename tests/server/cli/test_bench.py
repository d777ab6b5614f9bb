"""The command that runs the benchmarks of a clone."""

import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import bench, cli


class Replaced(Exception):
    """The process would have been replaced by another program."""


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """Give the arguments and the environment of each program that would have taken the place of this process."""
    found: list[tuple[list[str], dict[str, str]]] = []

    def replace(path: str, arguments: list[str], environment: dict[str, str]) -> None:
        assert path == arguments[0] == sys.executable
        found.append((arguments[1:], environment))
        raise Replaced

    monkeypatch.setattr(os, "execve", replace)
    return found


def test_names_and_options_reach_the_benchmarks_of_the_clone(
    programs: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine")
    result = CliRunner().invoke(cli, ["bench", "cameras", "--seconds", "30", "--json", "-"])
    assert isinstance(result.exception, Replaced)
    ((arguments, environment),) = programs
    assert arguments == ["-m", "benchmarks", "run", "cameras", "--seconds", "30", "--json", "-"]
    assert environment["PYTHONPATH"] == f"{bench.CLONE}{os.pathsep}/mine"
    assert (bench.CLONE / "benchmarks" / "README.md").is_file()


def test_without_a_name_all_run(programs: list[tuple[list[str], dict[str, str]]]) -> None:
    CliRunner().invoke(cli, ["bench"])
    assert programs[0][0] == ["-m", "benchmarks", "run"]


def test_without_the_folder_the_exit_code_is_2_and_a_sentence_says_why(
    programs: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "CLONE", tmp_path)
    result = CliRunner().invoke(cli, ["bench", "cameras"])
    assert (result.exit_code, result.stdout, programs) == (2, "", [])
    assert result.stderr.startswith(f"camweave: there are no benchmarks in {tmp_path}: they are part of a clone")
    assert result.stderr.count("\n") == 1
