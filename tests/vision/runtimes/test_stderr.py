from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vision import tflite_models
from vision.runtimes.stderr import notices_suppressed

ROOT = Path(__file__).parents[3]


def test_notices_are_dropped_and_the_rest_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), notices_suppressed():
        os.write(2, b"INFO: kernels chosen\nERROR: no such operator\n")
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n")
        os.write(2, b"I0000 00:00:1 port.cc:153] oneDNN is on\nW0000 00:00:1 port.cc:9] no such processor\n")
        raise KeyError
    os.write(2, b"INFO: later\n")
    assert capfd.readouterr().err == (
        "ERROR: no such operator\nW0000 00:00:1 port.cc:9] no such processor\nINFO: later\n"
    )


def test_loading_prints_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(tflite_models.classifier())
    code = (
        "import sys; from pathlib import Path; from vision.runtimes.litert import LiteRt; "
        "from vision.runtimes.files import ModelFile; LiteRt(ModelFile.read(Path(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
