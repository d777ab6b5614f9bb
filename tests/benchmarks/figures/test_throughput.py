"""`annotate` and the tutorial's loop get the same work, and their times are compared the right way around."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.figures import throughput
from benchmarks.figures.throughput import TUTORIAL, Run
from benchmarks.measuring import Outcome, Program, ProgramError
from benchmarks.workloads import Inputs
from streams.movie import X264_OPTIONS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(ROOT, "this", tmp_path)


def test_both_annotate_the_same_clip_with_the_same_encoder(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = Inputs(tmp_path / "clip.mp4", tmp_path / "small.mp4", b"", tmp_path / "model.tflite", None, 1)
    repeated: list[tuple[str, int]] = []
    commands: list[Sequence[str]] = []

    def run(program: Program, command: Sequence[str]) -> Run:
        commands.append(command)
        return Run(30.0, 48.0) if str(TUTORIAL) in command else Run(20.0, 36.0)

    monkeypatch.setattr(throughput, "render", lambda *arguments: None)
    monkeypatch.setattr(throughput, "repeat", lambda source, target, times: repeated.append((target.name, times)))
    monkeypatch.setattr(throughput, "_run", run)
    monkeypatch.setattr(throughput, "CLIPS", ((5, 1, 1.0), (60, 2, 1.6)))
    short, long = throughput.measure(program, inputs).rows
    assert repeated == [("clip-5.mp4", 1), ("clip-60.mp4", 12)]
    assert short.values == (1.5,)
    assert short.outcome is Outcome.REACHED
    assert long.values == (1.5, 1.5)
    assert long.outcome is Outcome.MISSED
    assert long.beside == "90 frames/s, 20.0 ms CPU a frame; the tutorial: 60, 26.7 ms"
    assert [str(TUTORIAL) in command for command in commands] == [False, True] * 3
    ours, theirs = commands[-2:]
    clip = str(tmp_path / "clip-60.mp4")
    assert ours[ours.index("annotate") :] == [
        *("annotate", str(tmp_path / "throughput.yaml"), "--camera", "seen", "--input", clip),
        *("--output", str(tmp_path / "annotated-60.mp4")),
    ]
    assert theirs[2:] == [clip, str(tmp_path / "tutorial-60.mp4"), str(inputs.model), "1", json.dumps(X264_OPTIONS)]
    config = (tmp_path / "throughput.yaml").read_text()
    assert str(inputs.model) in config and "num_threads: 1" in config


def test_a_run_has_its_wall_clock_and_its_processor_time(program: Program) -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    run = throughput._run(program, [sys.executable, "-c", busy])
    assert run.wall_s >= 0.2
    assert run.cpu_s >= 0.2


def test_the_processor_time_of_earlier_processes_does_not_count(program: Program) -> None:
    throughput._run(program, [sys.executable, "-c", "import time\nwhile time.process_time() < 2: pass"])
    assert throughput._run(program, [sys.executable, "-c", ""]).cpu_s < 2


def test_a_command_that_fails_is_an_error_with_its_reason(program: Program) -> None:
    with pytest.raises(ProgramError, match="ended with 3: no such clip"):
        throughput._run(program, [sys.executable, "-c", "import sys\nsys.stderr.write('no such clip')\nsys.exit(3)"])
