"""The command line with plugins."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server.cli import cli
from tests.pipeline.config.plugins.installed import TRANSFORM, install

from ..served import encoded

ENTRIES = "[camweave.transforms]\nnegative = MODULE:Negative\n"
CONFIG = """
cameras:
  - {name: still, model: image_file, attributes: {path: still.png}}
  - {name: dark, model: transform, attributes: {source: still, pipeline: [{type: negative}]}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with configurations: one with a kind of a package, one with a kind of a file, one with ours."""
    monkeypatch.chdir(tmp_path)
    Path("still.png").write_bytes(encoded())
    Path("package.yaml").write_text(CONFIG)
    Path("file.yaml").write_text(f"plugins: [mine.py]{CONFIG}")
    Path("ours.yaml").write_text(CONFIG.replace("negative", "flip"))
    Path("mine.py").write_text(TRANSFORM)
    yield tmp_path
    sys.modules.pop("mine", None)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, list(arguments), prog_name="camweave")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def outcome(*arguments: str) -> tuple[int, str, str]:
    result = run(*arguments)
    return result.exit_code, result.stdout, result.stderr


def test_without_plugins_the_list_says_so() -> None:
    assert outcome("plugins") == (0, "no plugins\n", "")
    assert outcome("plugins", "ours.yaml") == (0, "no plugins\n", "")


def test_plugins_are_listed_with_version_and_kinds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "negatives", ENTRIES, version="2.1")
    assert outcome("plugins") == (0, "negatives 2.1\n  transform negative\n", "")
    Path("mine.py").write_text(TRANSFORM.replace('"negative"', '"negative2"'))
    assert outcome("plugins", "file.yaml") == (
        0,
        "negatives 2.1\n  transform negative\nmine.py\n  transform negative2\n",
        "",
    )


def test_the_error_of_a_package_is_listed_and_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    module = install(folder, monkeypatch, "negatives", ENTRIES, "import nothing_of_that_name")
    said = f"transform negative: {module}:Negative cannot be imported: "
    code, out, err = outcome("plugins")
    assert (code, err) == (0, "")
    assert out.startswith(f"negatives 1.0\n  {said}")
    assert caplog.messages == []
    code, out, err = outcome("check", "ours.yaml")
    assert (code, out) == (0, "OK\n")
    [warning] = caplog.messages
    assert warning.startswith(f"package negatives 1.0: {said}")
    code, out, err = outcome("schema")
    assert code == 0
    assert "negative" not in json.loads(out)
    code, out, err = outcome("check", "package.yaml")
    assert (code, out) == (2, "")
    assert '"negative" of package negatives 1.0 cannot be used: ' in err.splitlines()[-1]


def test_the_error_of_a_plugin_file_is_a_configuration_error() -> None:
    Path("mine.py").write_text("raise ValueError('no')")
    for command in ("plugins", "check", "schema"):
        code, out, err = outcome(command, "file.yaml")
        assert (code, out) == (2, "")
        assert err.startswith("file.yaml:1:11: plugins[0]: cannot be loaded: ")
        assert "mine.py, line 1: ValueError: no; " in err


@pytest.mark.parametrize("source", ["package", "file"])
def test_every_command_uses_the_kinds_of_plugins(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    if source == "package":
        install(folder, monkeypatch, "negatives", ENTRIES)
    config = f"{source}.yaml"
    assert outcome("check", config) == (0, "OK\n", "")
    result = run("annotate", config, "--camera", "dark", "--input", "still.png", "--output", "out.png")
    assert result.exit_code == 0
    assert '"negative"' in outcome("schema", *([] if source == "package" else [config]))[1]
    assert '"negative"' not in outcome("schema")[1] or source == "package"


def test_a_bug_in_a_transform_fails_the_file_with_its_line() -> None:
    Path("mine.py").write_text(TRANSFORM.replace("frame.image", "frame.imag"))
    code, out, err = outcome("annotate", "file.yaml", "--camera", "dark", "--input", "still.png", "--output", "out.png")
    assert (code, out) == (1, "")
    assert "frame 0: AttributeError: 'Frame' object has no attribute 'imag'" in err
    assert "(mine.py, line " in err


SERVICE = """
from typing import ClassVar

from cameras import Attributes, Detection
from vision import VisionService

class Finder(VisionService[Attributes]):
    model_name: ClassVar[str] = "finder"
    attributes_type = Attributes

    def _load(self): ...
    def _release(self): ...
    def _predictors(self): return {Detection: self._find}
    def _find(self, frame, session): return [frame.imag]
"""


def test_a_bug_in_a_service_fails_the_picture_with_its_line() -> None:
    Path("mine.py").write_text(SERVICE)
    Path("file.yaml").write_text("""
plugins: [mine.py]
cameras: [{name: still, model: image_file, attributes: {path: still.png}}]
services: [{name: finder, type: vision, model: finder}]
""")
    code, out, err = outcome("predict", "file.yaml", "--service", "finder", "still.png")
    assert (code, json.loads(out)["error"]) == (
        1,
        "AttributeError: 'Frame' object has no attribute 'imag' (mine.py, line 14)",
    )
