"""What a Dockerfile makes, without Docker: its steps run in bare Debian roots, which ``debootstrap`` fills."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

MIRROR = "http://deb.debian.org/debian"
STEP_TIMEOUT_S = 900.0
# How this machine reaches others, which Docker takes from its own settings.
OF_THE_NETWORK = re.compile(r"(?i)\w+_proxy|PIP_(INDEX_URL|DEFAULT_TIMEOUT)")
# Where a step finds the certificates that pip trusts on this machine; a package may replace those of the system.
CERTIFICATES = "/run/certificates.pem"
# What makes no difference outside of Docker.
WITHOUT_EFFECT = {"EXPOSE", "LABEL", "STOPSIGNAL", "VOLUME"}


@dataclass(frozen=True)
class Instruction:
    """An instruction of a Dockerfile: its name in capitals and the rest, in one line."""

    name: str
    text: str

    @property
    def arguments(self) -> list[str]:
        """The JSON list that the text is, or its words without options."""
        if self.text.startswith("["):
            words: list[str] = json.loads(self.text)
            return words
        return [word for word in self.text.split() if not word.startswith("--")]

    @property
    def options(self) -> dict[str, str]:
        """The values of the options before the arguments, such as ``from``."""
        return dict(re.findall(r"(?:^|\s)--([\w-]+)=(\S+)", self.text))


def instructions(dockerfile: str) -> list[Instruction]:
    """Return the instructions of a Dockerfile, without comments."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = []
    for line in filter(None, map(str.strip, whole.splitlines())):
        name, _, text = line.partition(" ")
        found.append(Instruction(name.upper(), text.strip()))
    return found


def context(root: Path) -> Iterator[Path]:
    """Yield the files that ``.dockerignore`` leaves of a folder, relative to it."""
    lines = [line.strip() for line in (root / ".dockerignore").read_text().splitlines()]
    rules = [line for line in lines if line and not line.startswith("#")]
    for folder, below, files in os.walk(root):
        here = Path(folder).relative_to(root)
        below[:] = [name for name in below if not _ignored(here / name, rules) or _named_below(here / name, rules)]
        yield from (here / name for name in files if not _ignored(here / name, rules))


def _ignored(path: Path, rules: Sequence[str]) -> bool:
    """Say whether the last rule about a path, or about a folder that it is in, ignores it."""
    ignored = False
    names = [path.as_posix(), *(parent.as_posix() for parent in path.parents[:-1])]
    for rule in rules:
        pattern = rule.removeprefix("!")
        if any(_matches(name, pattern) for name in names):
            ignored = not rule.startswith("!")
    return ignored


def _named_below(folder: Path, rules: Sequence[str]) -> bool:
    return any(rule.startswith(f"!{folder.as_posix()}/") for rule in rules)


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return any(fnmatch(part, pattern[3:]) for part in name.split("/"))
    return name.count("/") == pattern.count("/") and fnmatch(name, pattern)


@dataclass
class Image:
    """A root with what is known of it.

    Attributes:
        root: The folder that becomes ``/``.
        environment: Variables of each process.
        folder: Where processes start.
        user: User and group of processes, ``0:0`` for root.
        entrypoint: The program.
        command: Its arguments, unless others are given.
        health: The command that ends with 0 while all is well.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def process(self, command: Sequence[str], **environment: str) -> list[str]:
        """Return the command of this machine that runs another one in the root: alone, and with its own processes."""
        user, _, group = self.user.partition(":")
        variables = {**self.environment, **environment}
        return [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={self.root}", "--mount-proc"),
            *(f"--wd={self.folder}", f"--setuid={user}", f"--setgid={group or user}"),
            *("env", "-i", *(f"{name}={value}" for name, value in variables.items())),
            *command,
        ]

    def run(self, command: Sequence[str], **environment: str) -> str:
        """Run a command in the root and return its output; one that fails fails the test."""
        done = subprocess.run(
            self.process(command, **environment), capture_output=True, text=True, timeout=STEP_TIMEOUT_S, check=False
        )
        assert done.returncode == 0, f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def step(self, script: str, **environment: str) -> None:
        """Run a script of the shell that may use the network as this machine does."""
        network = {name: value for name, value in os.environ.items() if OF_THE_NETWORK.fullmatch(name)}
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        certificates = self.root / CERTIFICATES.lstrip("/")
        if trusted := os.environ.get("PIP_CERT"):
            shutil.copy(trusted, certificates)
            network["PIP_CERT"] = CERTIFICATES
        self.run(["sh", "-ec", script], **network, **environment)
        certificates.unlink(missing_ok=True)


def debian(release: str, root: Path) -> None:
    """Fill a root with the smallest Debian; skip the test where that needs root, or a program that is not there."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        pytest.skip("needs root, and debootstrap: apt-get install debootstrap")
    command = ["debootstrap", "--variant=minbase", release, str(root), MIRROR]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STEP_TIMEOUT_S, check=False)
    assert done.returncode == 0, f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"


class Building:
    """Runs the instructions of a Dockerfile.

    Args:
        source: The folder of the Dockerfile and its context.
        folder: Where the roots are made.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self._source, self._folder = source, folder
        self._stages: dict[str, Image] = {}
        self._arguments: dict[str, str] = {}

    def image(self) -> Image:
        """Run all instructions and return what the last stage is."""
        image = None
        for instruction in instructions((self._source / "Dockerfile").read_text()):
            if instruction.name == "FROM":
                image = self._stage(instruction)
            else:
                assert image is not None, "FROM comes first"
                self._apply(instruction, image)
        assert image is not None, "there is a stage"
        return image

    def _stage(self, instruction: Instruction) -> Image:
        name, *rest = instruction.arguments
        root = self._folder / f"stage{len(self._stages)}"
        bare = self._folder / re.sub(r"\W", "-", name)
        release = re.fullmatch(r"debian:(\w+)-slim", name)
        assert release, f"{name} is no Debian"
        if not bare.exists():
            debian(release[1], bare)
        subprocess.run(["cp", "--archive", bare, root], check=True)
        self._arguments = {}
        self._stages[rest[-1] if rest else str(len(self._stages))] = image = Image(root)
        return image

    def _apply(self, instruction: Instruction, image: Image) -> None:
        words = instruction.arguments
        match instruction.name:
            case "RUN":
                image.step(instruction.text, **self._arguments)
            case "COPY":
                self._copy(instruction, image)
            case "ARG":
                name, _, value = instruction.text.partition("=")
                self._arguments[name] = value.strip('"')
            case "ENV":
                for name, value in re.findall(r"(\w+)=(\S+)", instruction.text):
                    image.environment[name] = re.sub(r"\$(\w+)", lambda found: image.environment[found[1]], value)
            case "WORKDIR":
                image.folder = words[0]
            case "USER":
                image.user = words[0]
            case "ENTRYPOINT":
                image.entrypoint = words
            case "CMD":
                image.command = words
            case "HEALTHCHECK":
                image.health = json.loads(instruction.text.partition("CMD ")[2])
            case name:
                assert name in WITHOUT_EFFECT, f"{name} is not known here"

    def _copy(self, instruction: Instruction, image: Image) -> None:
        source, target = instruction.arguments
        place = image.root / target.lstrip("/")
        if stage := instruction.options.get("from"):
            shutil.copytree(self._stages[stage].root / source.lstrip("/"), place, symlinks=True, dirs_exist_ok=True)
            return
        for path in context(self._source):
            if source == "." or path.is_relative_to(source):
                file = place / (path if source == "." else path.relative_to(source))
                file.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self._source / path, file)
