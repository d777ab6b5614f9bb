"""Large, random and damaged files are loaded or refused with a ConfigError, quickly."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from pipeline import ConfigError, load
from pipeline.config.load import MAX_BYTES

from .texts import GOOD, VIAM, problems_of, read


def calls_of(function: Callable[[], object]) -> int:
    """Return how many functions a call runs in all, which does not depend on the machine."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def test_the_work_grows_with_the_number_of_cameras_and_not_faster() -> None:
    camera = "  - {{name: c{0}, model: transform, attributes: {{source: root, pipeline: [{{type: identity}}]}}}}\n"

    def load_cameras(number: int) -> None:
        text = "cameras:\n" + "".join(camera.format(each) for each in range(number - 1))
        assert len(read(text + "  - {name: root, model: webcam}\n").cameras) == number

    load_cameras(2)  # imports what is imported late
    few, many = (calls_of(partial(load_cameras, number)) for number in (100, 400))
    assert many < 4.5 * few
    load_cameras(1000)


def test_the_work_grows_with_the_number_of_mistakes_and_not_faster() -> None:
    camera = "  - {{name: c{0}, model: transform, attributes: {{source: d{0}, pipelin: []}}}}\n"

    def load_mistakes(number: int) -> None:
        text = "cameras:\n" + "".join(camera.format(each) for each in range(number))
        assert len(problems_of(text)) == 3 * number

    few, many = (calls_of(partial(load_mistakes, number)) for number in (250, 1000))
    assert many < 4.5 * few


def test_a_long_chain_of_cameras_is_one_problem() -> None:
    camera = "  - {{name: c{0}, model: transform, attributes: {{source: c{1}, pipeline: [{{type: identity}}]}}}}\n"
    chain = "".join(camera.format(number, number + 1) for number in range(2000))
    [problem] = problems_of("cameras:\n" + chain + "  - {name: c2000, model: webcam}\n")
    assert "cameras[1900].attributes.source: a chain may have at most 100 cameras" in problem


@pytest.mark.parametrize("file", ["x.yaml", "x.json"])
@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_raise_only_config_errors(file: str, seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    good = (GOOD if file == "x.yaml" else VIAM).encode()
    pieces = [*b"{}[]:,-?&*!|>'\"%@`#$ \n\t\\~<", 0, 0xFF, 0xC3, *b"0aA."]
    words = [b"${", b"<<: *a", b"&a ", b"*a", b"---\n", b"!!str ", b"${X:", b"\r\n", b"\xef\xbb\xbf", b".nan", b"1e999"]
    target = tmp_path / file
    for _ in range(150):
        content = bytearray(good)
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(content))
            change = dice.randrange(5)
            if change == 0:
                content[at : at + dice.randint(1, 20)] = b""
            elif change == 1:
                content[at:at] = bytes(dice.choices(pieces, k=dice.randint(1, 4)))
            elif change == 2:
                content[at:at] = dice.choice(words)
            elif change == 3:
                content[at : at + 1] = bytes([dice.randrange(256)])
            else:
                begin = dice.randrange(len(content))
                content[at:at] = content[begin : begin + dice.randint(1, 200)]
        target.write_bytes(content)
        try:
            load(target)
        except ConfigError as error:
            assert error.problems
            assert all("\n" not in str(problem) for problem in error.problems)


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_refused(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    for size in range(1, 200):
        file = tmp_path / f"x{dice.choice(['.yaml', '.json'])}"
        file.write_bytes(dice.randbytes(size) if dice.random() < 0.5 else bytes(dice.choices(range(9, 127), k=size)))
        with pytest.raises(ConfigError):
            load(file)


@pytest.mark.parametrize("unit", ["[", "{", "- ", "? ", "a: ", "-\n", "a", '"', "&a ", "!", "$", "${A:", "[]", "*a\n"])
def test_a_megabyte_of_one_thing_is_refused_quickly(unit: str) -> None:
    text = unit * (MAX_BYTES // len(unit))
    started = time.process_time()
    assert problems_of(text) and problems_of(text, file="x.json")
    assert time.process_time() - started < 5
