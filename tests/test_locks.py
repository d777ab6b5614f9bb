"""The locks for those who only run the program: versions that are tested, and no more than is needed."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.serving import Serving

ROOT = Path(__file__).parents[1]
DEMO_DISK_MB_MAX = 450


def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def locked(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return the version and the hashes of each distribution in a lock."""
    text = (ROOT / "requirements" / name).read_text()
    entries = re.findall(r"^([\w.-]+)==(\S+)(.*(?:\\\n.*)*)", text, re.MULTILINE)
    return {found: (version, frozenset(re.findall(r"sha256:\w+", rest))) for found, version, rest in entries}


def required(text: str) -> set[str]:
    """Return the distributions that a list of requirements names, apart from those for other machines only."""
    lines = [
        line for line in text.splitlines() if line and not line.startswith("#") and "platform_machine !=" not in line
    ]
    names = {re.split(r"[<>=;\[ ]", line)[0] for line in lines}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


@pytest.mark.parametrize(("name", "extras"), [("run.txt", ()), ("run-extras.txt", ("onnx", "viam", "clarifai"))])
def test_what_runs_is_what_is_tested(name: str, extras: tuple[str, ...]) -> None:
    tested, run = locked("lock.txt"), locked(name)
    assert {found: tested.get(found) for found in run} == run, "make lock writes all of them"
    options = setup()["options"], setup()["options.extras_require"]
    needed = required(options[0]["install_requires"]).union(*(required(options[1][extra]) for extra in extras))
    assert needed <= run.keys(), "make lock writes all of them"
    tools = required(options[1]["test"]) - needed - {"setuptools"}
    assert tools.isdisjoint(locked("run.txt"))


def clone(folder: Path) -> Path:
    """Copy what git has of this clone."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.proof
def test_the_demo_takes_little_disk(tmp_path: Path) -> None:
    folder = clone(tmp_path / "clone")
    # What Python compiles counts, too, wherever this runs.
    compiling = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": ""}
    command = ["make", "demo", "ARGS=--help"]
    made = subprocess.run(command, cwd=folder, env=compiling, capture_output=True, text=True, timeout=900)
    assert made.returncode == 0, made.stderr
    program = [str(folder / ".venv/bin/camweave")]
    with Serving(program=program, cwd=tmp_path, PYTHONDONTWRITEBYTECODE="") as serving:
        for camera in serving.client.get("/api/cameras").json():
            assert serving.client.get(f"/api/cameras/{camera['name']}/image").status_code == 200
    checked = subprocess.run([folder / ".venv/bin/python", "-m", "pip", "check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    blocks = sum(path.lstat().st_blocks for path in (folder / ".venv").rglob("*"))
    assert blocks * 512 / 1e6 <= DEMO_DISK_MB_MAX
