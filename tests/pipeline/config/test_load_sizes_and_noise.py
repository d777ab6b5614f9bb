"""Large, random and damaged files are loaded or refused with a ConfigError, quickly."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from pipeline import ConfigError, load
from pipeline.config.load import MAX_BYTES

from .texts import GOOD, VIAM, problems_of, read


def test_a_thousand_cameras_are_read_in_a_second() -> None:
    text = "cameras:\n" + "".join(
        f"  - name: c{number}\n"
        "    model: transform\n"
        "    attributes:\n"
        "      source: root\n"
        "      pipeline:\n"
        "        - type: resize\n"
        "          attributes: {width_px: 640, height_px: 360}\n"
        for number in range(999)
    )
    text += "  - {name: root, model: webcam}\n"
    started = time.process_time()
    assert len(read(text).cameras) == 1000
    assert time.process_time() - started < 1


def test_a_thousand_mistakes_are_reported_without_delay() -> None:
    camera = "  - {{name: c{0}, model: transform, attributes: {{source: d{0}, pipelin: []}}}}\n"
    started = time.process_time()
    assert len(problems_of("cameras:\n" + "".join(camera.format(number) for number in range(1000)))) == 3000
    assert time.process_time() - started < 5


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
