"""A small repository for tests: two commits of a program that says which one it is."""

import subprocess
from pathlib import Path

SETUP = "[options.entry_points]\nconsole_scripts =\n    camweave = program:main\n"
IDENTITY = ("-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false")


def git(repository: Path, *arguments: str) -> str:
    """Run git and return what it prints."""
    return subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(repository: Path, text: str) -> str:
    """Commit a program with this text and return the hash."""
    (repository / "setup.cfg").write_text(SETUP)
    (repository / "program.py").write_text(text)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "change")
    return git(repository, "rev-parse", "HEAD")


def worktrees(repository: Path) -> list[str]:
    """Return the folders of all worktrees of a repository, its own first."""
    lines = git(repository, "worktree", "list", "--porcelain").splitlines()
    return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")]


def made(folder: Path) -> tuple[Path, str, str]:
    """Make a repository with two commits and return it and them."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    return folder, commit(folder, "NUMBER = 1\n"), commit(folder, "NUMBER = 2\n")
