"""The unit for systemd: what systemd itself says of it, and that it runs as the page of the documentation says."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .images import Image, debian

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "contrib/camweave.service"
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


CONFIG = """
server: {tokens: ["${CAMWEAVE_TOKEN}"]}
cameras:
  - {name: porch, model: test_pattern, attributes: {width_px: 640, height_px: 360}}
services:
  - name: boxes
    type: vision
    model: mlmodel
    attributes: {model_path: /src/configs/models/shapes_detector.onnx, label_path: /src/configs/models/shapes.txt}
"""
ASK = """
import sys, urllib.request as http
asked = http.Request("http://127.0.0.1:8080" + sys.argv[1], headers={"Authorization": "Bearer choose-a-long-one"})
print(http.urlopen(asked, timeout=60).read().decode())
"""
# Gives a root what a machine has, and becomes its first process.
BOOT = """
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
exec chroot "$root" env -i container=other NOTIFY_SOCKET=/notify PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
"""
BOOT_TIMEOUT_S = 120.0


@contextmanager
def booted(root: Path) -> Iterator[Callable[..., str]]:
    """Boot a root, apart from this machine's processes and network; give what runs a command in it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(root / "notify"))
        told.settimeout(BOOT_TIMEOUT_S)
        apart = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child")
        with subprocess.Popen(["unshare", *apart, "sh", "-ec", BOOT, "sh", str(root)]) as process:
            try:
                while b"READY=1" not in told.recv(4096):
                    pass
                first = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
                inside = ["nsenter", "-t", first, "-m", "-p", "-n", "-u", "-i", "-C", f"--root=/proc/{first}/root"]

                def run(*command: str) -> str:
                    done = subprocess.run(
                        [*inside, "--wd=/", *command], capture_output=True, text=True, timeout=120, check=False
                    )
                    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
                    return done.stdout

                yield run
            finally:
                process.kill()


@pytest.mark.proof
def test_the_commands_of_the_page_make_a_service(tmp_path: Path) -> None:
    page = (ROOT / "docs/deployment.md").read_text().partition("## systemd\n")[2]
    found = re.search(r"```sh\n(.*?)```", page, re.DOTALL)
    assert found
    lines = found[1].replace("sudo ", "").splitlines()
    image = Image(tmp_path / "root", folder="/src")
    debian("trixie", image.root)
    (image.root / "src").mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", image.root / "src"], input=archive, check=True)
    (image.root / "src/porch.yaml").write_text(CONFIG)
    image.step("apt-get update && apt-get install --yes --no-install-recommends dbus python3-venv systemd")
    image.step("\n".join(line for line in lines if not line.startswith("systemctl")))
    with booted(image.root) as run:
        for line in lines:
            if line.startswith("systemctl"):
                run(*line.split())
        run("sh", "-c", "journalctl --unit camweave --follow --lines all | grep --max-count 1 'listening on'")
        answer = run("python3", "-c", ASK, "/api/vision/boxes/detections?camera=porch")
        assert json.loads(answer)["detections"]
        assert run("systemctl", "show", "camweave", "--property", "DynamicUser") == "DynamicUser=yes\n"
        run("systemctl", "reload", "camweave")
        run("sh", "-c", "journalctl --unit camweave --follow --lines all | grep --max-count 1 'configuration applied'")
        run("systemctl", "stop", "camweave")
        shown = run("systemctl", "show", "camweave", "--property", "Result", "--property", "ExecMainStatus")
        assert sorted(shown.split()) == ["ExecMainStatus=0", "Result=success"]
