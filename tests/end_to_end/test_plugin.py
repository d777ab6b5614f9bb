"""The example of a plugin package, installed as users do it: every command, the API and the pages know its kinds."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from cameras import decode_image
from tests.cameras.pictures import encoded
from tests.serving import Serving, command

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/plugin"
CONFIG = EXAMPLE / "example.yaml"


def done(arguments: list[str], cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command with the clone, and what is installed in a folder, on Python's path."""
    environment = {**os.environ, "PYTHONPATH": python_path(path), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def python_path(path: Path | None) -> str:
    return os.pathsep.join(str(each) for each in (ROOT, path) if each is not None)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package into a folder of its own, from a copy: building leaves files behind."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    result = done([*pip, "--target", str(folder / "target"), str(folder / "source")], folder)
    assert result.returncode == 0, result.stderr
    return folder / "target"


@pytest.fixture(scope="module")
def serving(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(str(CONFIG), cwd=tmp_path_factory.mktemp("served"), PYTHONPATH=python_path(installed)) as running:
        yield running


def camweave(installed: Path, cwd: Path, *arguments: str) -> str:
    result = done([*command(), *arguments], cwd, installed)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_its_own_tests_pass(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    result = done([sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"], tmp_path, installed)
    assert result.returncode == 0, result.stdout


def test_without_it_its_configuration_is_refused(tmp_path: Path) -> None:
    result = done([*command(), "check", str(CONFIG)], tmp_path)
    assert result.returncode == 2
    assert 'got "gradient"' in result.stderr


def test_its_kinds_are_listed(installed: Path, tmp_path: Path) -> None:
    assert camweave(installed, tmp_path, "plugins") == (
        "camweave-example 1.0\n"
        "  camera gradient\n"
        "  transform peaks\n"
        "  transform sepia\n"
        "  vision service peak_finder\n"
        "  prediction peaks\n"
    )


def test_its_kinds_are_checked_and_described(installed: Path, tmp_path: Path) -> None:
    assert camweave(installed, tmp_path, "check", str(CONFIG)) == "OK\n"
    (tmp_path / "wrong.yaml").write_text(CONFIG.read_text().replace("strength: 0.8", "strength: 8"))
    result = done([*command(), "check", "wrong.yaml"], tmp_path, installed)
    assert result.returncode == 2
    assert result.stderr == (
        "wrong.yaml:9:48: cameras[1].attributes.pipeline[0].attributes.strength: must be between 0 and 1, got 8\n"
    )
    described = camweave(installed, tmp_path, "schema")
    assert "Strength of the tone" in described
    assert "Details smaller than this" in described


def test_its_results_are_in_the_lines_of_commands(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(encoded(".png", spots()))
    arguments = ("--camera", "gradient-peaks", "--input", "in.png", "--output", "out.png", "--json", "-")
    line = json.loads(camweave(installed, tmp_path, "annotate", str(CONFIG), *arguments))
    assert [peak["name"] for peak in line["peaks"]] == ["left"]
    assert decode_image((tmp_path / "out.png").read_bytes()).shape == (48, 64, 3)
    line = json.loads(camweave(installed, tmp_path, "predict", str(CONFIG), "--service", "peaks", "in.png"))
    assert [peak["name"] for peak in line["peaks"]] == ["left", "right"]


def spots() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a picture with a white spot on the left and a dark grey one on the right."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[10:30, 5:25] = 255
    image[10:30, 40:60] = 60
    return image


def test_its_kinds_are_served(serving: Serving) -> None:
    client = serving.client
    assert client.get("/api/cameras/gradient-peaks/image").status_code == 200
    status = serving.camera("gradient-peaks")
    assert [each["type"] for each in status["transforms"]] == ["sepia", "peaks"]
    assert serving.camera("gradient")["model"] == "gradient"
    [service] = client.get("/api/vision").json()
    assert (service["model"], service["kinds"], service["labels"]) == ("peak_finder", ["peaks"], ["left", "right"])
    document = client.get("/openapi.json").json()
    for reply in (
        client.post("/api/vision/peaks/peaks", content=encoded(".png", spots())).json(),
        client.get("/api/vision/peaks/peaks", params={"camera": "gradient"}).json(),
    ):
        assert len(reply["peaks"]) == 2
        jsonschema.validate(reply, {"$ref": "#/components/schemas/PredictionReply", **document})
    assert "brightness" in document["components"]["schemas"]["PeakItem"]["properties"]
    assert '"peak_finder"' in client.get("/schema.json").text


def test_the_page_runs_it(page: Page, serving: Serving) -> None:
    page.goto(f"{serving.url}run")
    expect(page.locator("#kinds input[value=peaks]")).to_be_checked()
    page.locator("#camera").select_option("gradient")
    page.locator("#take-snapshot").click()
    expect(page.locator("#json")).to_contain_text('"brightness": ')
