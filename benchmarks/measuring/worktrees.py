"""Temporary checkouts of commits beside the working tree, always removed in the end."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path


class UnknownCommit(ValueError):
    """The name is not that of a commit of this repository."""


def git(repository: Path, *arguments: str) -> str:
    """Run git in the repository and return what it prints.

    Raises:
        subprocess.CalledProcessError: It has failed; ``stderr`` says why.
    """
    return subprocess.run(
        ["git", *arguments], cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def resolved(repository: Path, commit: str) -> str:
    """Return the full hash of a commit that is named by a hash, branch or tag.

    Raises:
        UnknownCommit: There is no such commit.
    """
    try:
        # Without --end-of-options a name that begins with a dash would be an option.
        return git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise UnknownCommit(f"{commit} is no commit of {repository}") from error


@contextlib.contextmanager
def checkout(repository: Path, commit: str, folder: Path) -> Iterator[Path]:
    """Check out a commit in a folder that does not exist yet, and remove it in the end, also after an interrupt.

    Raises:
        UnknownCommit: There is no such commit.
    """
    commit = resolved(repository, commit)
    try:
        git(repository, "worktree", "add", "--detach", "--force", str(folder), commit)
        yield folder
    finally:
        try:
            git(repository, "worktree", "remove", "--force", "--force", str(folder))
        except subprocess.CalledProcessError:
            # After an interrupt it is incomplete, and git does not accept it as a worktree.
            shutil.rmtree(folder, ignore_errors=True)
            git(repository, "worktree", "prune")
