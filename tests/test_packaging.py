"""The wheel, installed outside the clone, is the whole program: it serves the demo with its page and its models."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.serving import Serving

ROOT = Path(__file__).parents[1]
NOT_SOURCE = (".git", ".venv*", "node_modules", "build", "dist", "*.egg-info", ".*_cache", "__pycache__")


def run(command: Sequence[str | Path], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=outside(environment), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def outside(environment: Mapping[str, str]) -> dict[str, str]:
    """Give an environment in which the clone is on no path."""
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **environment}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source archive from a copy of the clone, and the wheel from the archive alone."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "clone", ignore=shutil.ignore_patterns(*NOT_SOURCE))
    build = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
    run([sys.executable, "-c", build, "build_sdist", folder], folder / "clone")
    run(["tar", "-xf", next(folder.glob("camweave-*.tar.gz"))], folder)
    run([sys.executable, "-c", build, "build_wheel", folder], next(folder.glob("camweave-*/")))
    return next(folder.glob("camweave-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=True)
    run(
        [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--no-deps", "--no-index", wheel],
        wheel.parent,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    # A path named in a .pth file is searched, but the .pth files in it are not read: the editable clone stays outside.
    borrowed = sysconfig.get_path("purelib")
    own = next(folder.glob("lib/python*/site-packages"))
    (own / "borrowed.pth").write_text(borrowed + "\n")
    return folder / "bin"


def test_the_wheel_holds_the_rooms_with_page_and_models_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"cameras", "vision", "transforms", "pipeline", "streams", "server", "configs"}
    for name in ("server/http/page/index.html", "configs/demo.yaml", "cameras/py.typed", "vision/py.typed"):
        assert name in names
    source = [path.relative_to(ROOT).as_posix() for path in (ROOT / "configs/models").iterdir()]
    assert any(name.endswith(".tflite") for name in source)
    assert set(source) <= set(names)
    assert not any(name.startswith("configs/training/") for name in names), "training again needs the clone"


def test_the_installed_program_is_the_installed_one(installed: Path, tmp_path: Path) -> None:
    where = run(
        [installed / "python", "-c", "import cameras, server; print(cameras.__file__, server.__file__)"], tmp_path
    )
    assert str(ROOT) not in where
    assert run([installed / "camweave", "--version"], tmp_path).split()[-1] == "0.1.0"
    assert json.loads(run([installed / "camweave", "schema"], tmp_path))["type"] == "object"


def test_the_installed_program_serves_the_demo(installed: Path, tmp_path: Path) -> None:
    with Serving(program=[str(installed / "camweave")], cwd=tmp_path) as serving:
        page = serving.client.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        cameras = serving.client.get("/api/cameras").json()
        assert len(cameras) >= 4
        for camera in cameras:
            answer = serving.client.get(f"/api/cameras/{camera['name']}/image")
            assert answer.status_code == 200, answer.text
            picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            assert picture.std() > 10
