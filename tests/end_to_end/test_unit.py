"""The unit for systemd: what systemd itself says of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "contrib/camweave.service"
# Of systemd-analyze, from 0 (nothing is allowed) to 10.
EXPOSURE_MAX = 2.0


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Make a root that has the program where the unit names it; skip the test where systemd is not installed."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    for name in ("opt/camweave/bin/camweave", "bin/sh"):
        program = tmp_path / name
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    units = tmp_path / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for name in ("sysinit", "basic", "shutdown", "multi-user", "network-online"):
        (units / f"{name}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    shutil.copy(UNIT, units)
    return tmp_path


def analyze(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "SYSTEMD_LOG_TARGET": "console"}
    return subprocess.run(
        ["systemd-analyze", *command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_accepts_the_unit(system: Path) -> None:
    done = analyze("verify", "--man=no", f"--root={system}", UNIT.name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    units = system / "usr/lib/systemd/system"
    (units / UNIT.name).write_text(UNIT.read_text().replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
    assert "NoNewPrivilege" in analyze("verify", "--man=no", f"--root={system}", UNIT.name).stderr


def test_systemd_calls_the_unit_hardened(system: Path) -> None:
    done = analyze("security", "--offline=true", f"--root={system}", "--no-pager", UNIT.name)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE_MAX, done.stdout
