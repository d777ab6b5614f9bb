"""A model that never ends, in the program that users start."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from tests.serving import command

WAITS_S = 30.0
ENDS_S = 3.0
CONFIG = """
cameras: [{name: scene, model: test_pattern}]
services:
  - {name: endless, type: vision, model: mlmodel, attributes: {model_path: endless.onnx}}
server: {port: 0}
"""


def endless_model() -> bytes:
    """Return an ONNX classifier with a loop that runs for centuries in native code."""
    float_32, number, boolean = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["scores", "scores"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("i", number, []),
            helper.make_tensor_value_info("go", boolean, []),
            helper.make_tensor_value_info("scores", float_32, None),
        ],
        [helper.make_tensor_value_info("go_on", boolean, []), helper.make_tensor_value_info("next", float_32, None)],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["picture"], ["first"], axes=[2, 3], keepdims=0),
            helper.make_node("Loop", ["times", "yes", "first"], ["scores_out"], body=body),
        ],
        "endless",
        [helper.make_tensor_value_info("picture", float_32, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("scores_out", float_32, [1, 3])],
        [helper.make_tensor("times", number, [], [2**62]), helper.make_tensor("yes", boolean, [], [True])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def child_that_tries(parent: int) -> int:
    """Wait for the child process that tries a model; return its id."""
    deadline = time.monotonic() + WAITS_S
    while time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                status = (folder / "status").read_text()
                if f"\nPPid:\t{parent}\n" in status and b"vision.runtimes.verify" in (folder / "cmdline").read_bytes():
                    return int(folder.name)
            except OSError:  # it has ended
                continue
    raise AssertionError("no model is tried")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("verb", ["serve", "check"])
def test_the_process_that_tries_a_model_ends_with_the_program(verb: str, end: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "test.yaml").write_text(CONFIG)
    (tmp_path / "endless.onnx").write_bytes(endless_model())
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    with open(tmp_path / "said", "w+b") as said:
        program = subprocess.Popen(
            [*command(), verb, "test.yaml"], cwd=tmp_path, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        child = os.pidfd_open(child_that_tries(program.pid))
        try:
            before = time.monotonic()
            program.send_signal(end)
            code = program.wait(WAITS_S)
            assert select.select([child], [], [], WAITS_S)[0]
            assert time.monotonic() - before < ENDS_S
            if verb == "serve":
                assert code == (0 if end is signal.SIGTERM else -end)
        finally:
            program.kill()
            program.wait()
            os.close(child)
