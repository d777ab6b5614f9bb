"""Wall-clock time to apply a changed file of 100 cameras, some of which are watched: reading it, and what it changes.

Half of the cameras are test patterns, half detect on one each. The file is read again for each change, with all checks.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pipeline import Graph, load

from ..measuring import Finding, Findings, Program, at_most
from ..workloads import Inputs

SOURCES = 50
WATCHED = 4
TIMES = 10
TARGET_MS = 300.0
FIRST_FRAME_S = 30.0
THRESHOLD, SEED, THREADS = "confidence_threshold: 0.5", "seed: 1", "num_threads: 1"


def measure(program: Program, inputs: Inputs) -> Findings:
    """Change one value of the file and back, again and again."""
    path = program.scratch / "reload.yaml"
    text = config(inputs)
    _write(path, text)
    graph = Graph(load(path))
    try:
        graph.open()
        with ExitStack() as watches:
            for index in range(WATCHED):
                watch = watches.enter_context(graph.feeds[f"seen-{index}"].watch())
                watch.get(FIRST_FRAME_S)  # models are loaded, lines run
            rows = [
                _row(f"{2 * SOURCES} cameras, {what} changes", _reloads(graph, path, text, old, new))
                for what, old, new in (
                    ("a threshold of a transform", THRESHOLD, "confidence_threshold: 0.6"),
                    ("a setting of a source", SEED, "seed: 2"),
                    (f"the model of {SOURCES}", THREADS, "num_threads: 2"),
                )
            ]
    finally:
        graph.close()
    return Findings(rows)


def config(inputs: Inputs) -> str:
    """Return the file: sources ``scene-0``, ``scene-1``, ... and cameras ``seen-0``, ... that detect on them."""
    cameras = "".join(
        f"""
  - name: scene-{index}
    model: test_pattern
    attributes:
      width_px: 320        # small: what it shows costs nothing here
      height_px: 240
      frame_rate: 5
      {SEED}
  - name: seen-{index}
    model: transform
    linger_s: 5
    attributes:
      source: scene-{index}
      pipeline:
        - type: detections
          attributes:
            detector_name: things
            {THRESHOLD}
            valid_labels: []
"""
        for index in range(SOURCES)
    )
    return f"cameras:{cameras}\n{inputs.detector()}"


def _reloads(graph: Graph, path: Path, text: str, old: str, new: str) -> list[tuple[float, float]]:
    """Return the milliseconds of reading the file and of applying it, for each change of one camera."""
    spent = []
    for _ in range(TIMES // 2):
        for changed in (text.replace(old, new, 1), text):
            _write(path, changed)
            began_s = time.perf_counter()
            read = load(path)
            read_s = time.perf_counter()
            graph.reconfigure(read)
            spent.append((1000 * (read_s - began_s), 1000 * (time.perf_counter() - read_s)))
    return spent


def _row(what: str, spent: Sequence[tuple[float, float]]) -> Finding:
    reading, applying = (statistics.median(each[part] for each in spent) for part in (0, 1))
    beside = f"reading the file {reading:.0f} ms, applying it {applying:.0f} ms"
    return Finding(what, tuple(map(sum, spent)), "ms", beside, at_most(TARGET_MS))


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
