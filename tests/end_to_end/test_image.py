"""The image: what it is made from, that its steps make a server, and the settings of compose for it."""

from __future__ import annotations

import configparser
import dataclasses
import json
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from .images import Building, Image, Instruction, context, instructions
from .networks import two_machines

ROOT = Path(__file__).parents[2]
TOKEN = "a-long-enough-token"
CONFIG = """
server: {tokens: ["${CAMWEAVE_TOKEN}"]}
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 320, height_px: 180}}
services:
  - name: boxes
    type: vision
    model: mlmodel
    attributes: {model_path: /models/shapes_detector.onnx, label_path: /models/shapes.txt}
"""


def test_the_image_is_made_from_the_rooms_and_nothing_else() -> None:
    names = {path.as_posix() for path in context(ROOT)}
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    rooms = {package.split(".")[0] for package in setup["options"]["packages"].split()}
    assert {name.split("/")[0] for name in names if "/" in name} == rooms | {"requirements"}
    assert {name for name in names if "/" not in name} == {"LICENSE", "README.md", "pyproject.toml", "setup.cfg"}
    assert {"server/http/page/index.html", "configs/demo.yaml", "requirements/run-extras.txt"} <= names
    assert [name for name in names if "__pycache__" in name or name.startswith("configs/training/")] == []


def test_a_dockerfile_is_read() -> None:
    text = (
        '# a comment\nFROM debian:x-slim AS build\nRUN one \\\n    && two\nCOPY --from=build /a /b\nCMD ["x", "y z"]\n'
    )
    found = instructions(text)
    assert found == [
        Instruction("FROM", "debian:x-slim AS build"),
        Instruction("RUN", "one && two"),
        Instruction("COPY", "--from=build /a /b"),
        Instruction("CMD", '["x", "y z"]'),
    ]
    assert (found[2].options, found[2].arguments) == ({"from": "build"}, ["/a", "/b"])
    assert found[3].arguments == ["x", "y z"]


def of_the_image(name: str) -> list[str]:
    """Return the arguments of an instruction that the Dockerfile has once."""
    (found,) = [found for found in instructions((ROOT / "Dockerfile").read_text()) if found.name == name]
    return found.arguments


def test_the_settings_of_compose_fit_the_image() -> None:
    settings: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    host, bridge = settings["services"]["camweave"], settings["services"]["camweave-bridge"]
    assert host["network_mode"] == "host"
    assert "ports" not in host, "they belong to the machine"
    forwarded = {
        inner if "/" in inner else f"{inner}/tcp" for _, inner in (port.split(":") for port in bridge["ports"])
    }
    assert forwarded == set(of_the_image("EXPOSE"))
    for service in (host, bridge):
        assert {volume.split(":")[1] for volume in service["volumes"]} == set(of_the_image("VOLUME"))
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert bridge["profiles"], "only one of the two starts"


def test_the_image_runs_as_an_ordinary_user() -> None:
    (user,) = of_the_image("USER")
    assert user.split(":")[0] not in ("0", "root")
    assert f"--uid {user.split(':')[0]} " in (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Run the steps of the Dockerfile."""
    return Building(ROOT, tmp_path_factory.mktemp("image")).image()


@contextmanager
def container(image: Image, prefix: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run the entry point as Docker does, on another network than this machine's."""
    command = [*prefix, *image.process([*image.entrypoint, *image.command])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.proof
def test_the_steps_of_the_dockerfile_make_a_server(image: Image) -> None:
    for folder in ("config", "models"):
        assert (image.root / folder).stat().st_uid == int(image.user.split(":")[0])
    (image.root / "config/camweave.yaml").write_text(CONFIG)
    for model in (ROOT / "configs/models").iterdir():
        if model.is_file():
            shutil.copy(model, image.root / "models")
    image = dataclasses.replace(image, environment={**image.environment, "CAMWEAVE_TOKEN": TOKEN})
    with two_machines() as (home, _), container(image, home.prefix) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:8080/" in line, process.stderr.read()
        inside = [*home.prefix, *image.process(image.health)]
        assert subprocess.run(inside, capture_output=True, timeout=60).returncode == 0
        with home.connect(8080, 10) as connection:
            assert json.loads(fetched(connection, "/api/vision/boxes/detections?camera=scene"))["detections"]
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert re.search(r"^Uid:\s+1000\b", Path(f"/proc/{child}/status").read_text(), re.MULTILINE)
        subprocess.run(["kill", f"-{signal.SIGTERM}", child], check=True)
        assert process.wait(20) == 0


def fetched(connection: socket.socket, path: str) -> bytes:
    """Return the body of an answer."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode())
    with connection.makefile("rb") as answer:
        said, _, body = answer.read().partition(b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 "), said + body
    return body


@pytest.mark.proof
def test_the_image_has_nothing_that_installs(image: Image) -> None:
    found = image.run(
        ["python", "-c", "import importlib.util as u; print([u.find_spec(n) for n in ('pip', 'setuptools')])"]
    )
    assert found.strip() == "[None, None]"
