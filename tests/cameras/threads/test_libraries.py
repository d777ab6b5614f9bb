"""Each library uses the threads that are decided in one place."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

import cameras
from cameras.threads import libraries

ROOMS = Path(cameras.__file__).parents[1]
NAMES = frozenset({"thread_count", "intra_op_num_threads", "setNumThreads"})
"""The settings of the libraries."""
ALONE = "cameras/picture/formats/process.py"  # it loads nothing else of the program


@pytest.fixture
def opencv_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def has_cores(number: int, of: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "available_cores", lambda: number)
    monkeypatch.setattr(os, "cpu_count", lambda: of)


@pytest.mark.parametrize(
    ("cores", "of", "file_encoder", "onnx"), [(1, 1, 1, 0), (2, 2, 3, 0), (2, 64, 3, 2), (8, 8, 12, 0)]
)
def test_what_is_done_for_one_camera_at_a_time_uses_the_cores_that_the_program_may_use(
    cores: int, of: int, file_encoder: int, onnx: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_cores(cores, of, monkeypatch)
    assert libraries.file_encoder_threads() == file_encoder
    assert libraries.slice_decoder_threads() == cores
    assert libraries.onnx_threads() == onnx


@pytest.mark.usefixtures("opencv_threads")
def test_opencv_has_one_thread_beside_live_cameras() -> None:
    cv2.setNumThreads(3)
    cameras.limit_opencv()
    assert cv2.getNumThreads() == 1


def test_no_other_module_decides() -> None:
    own = {
        f"{path.relative_to(ROOMS)}: {ast.unparse(node)}"
        for room in ("cameras", "vision", "transforms", "pipeline", "streams", "server")
        for path in (ROOMS / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assign | ast.Call) and _sets_a_number(node)
    }
    assert {place for place in own if not place.startswith((ALONE, "cameras/threads/libraries.py"))} == set()


def _sets_a_number(node: ast.Assign | ast.Call) -> bool:
    """Whether the threads of a library are set to a number that stands there."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in NAMES
    names = {part.attr for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Attribute)}
    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return bool(names & NAMES) and any(isinstance(value, ast.Constant) and value.value != "SLICE" for value in values)
