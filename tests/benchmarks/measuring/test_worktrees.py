"""Temporary checkouts: the right commit, and nothing left of them."""

from pathlib import Path

import pytest

from benchmarks.measuring import UnknownCommit, checkout, resolved
from tests.benchmarks.repositories import git, made, worktrees


def test_a_checkout_holds_its_commit_and_is_removed(tmp_path: Path) -> None:
    repository, first, second = made(tmp_path / "repository")
    with (
        checkout(repository, first, tmp_path / "base") as base,
        checkout(repository, second[:8], tmp_path / "head") as head,
    ):
        assert (base / "program.py").read_text() == "NUMBER = 1\n"
        assert (head / "program.py").read_text() == "NUMBER = 2\n"
        assert len(worktrees(repository)) == 3
    assert worktrees(repository) == [str(repository)]
    assert not base.exists() and not head.exists()


def test_the_same_commit_can_be_checked_out_twice(tmp_path: Path) -> None:
    repository, first, _ = made(tmp_path / "repository")
    with checkout(repository, first, tmp_path / "a") as a, checkout(repository, first, tmp_path / "b") as b:
        assert (a / "program.py").read_text() == (b / "program.py").read_text()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_it_is_removed_after_an_interrupt(tmp_path: Path, error: type[BaseException]) -> None:
    repository, first, _ = made(tmp_path / "repository")
    with pytest.raises(error), checkout(repository, first, tmp_path / "base") as base:
        (base / "written.pyc").write_text("by the program")
        raise error
    assert worktrees(repository) == [str(repository)]
    assert not base.exists()


def test_one_that_is_already_broken_is_removed(tmp_path: Path) -> None:
    repository, first, _ = made(tmp_path / "repository")
    with checkout(repository, first, tmp_path / "base") as base:
        (base / ".git").unlink()
    assert worktrees(repository) == [str(repository)]
    assert not base.exists()


def test_other_worktrees_stay(tmp_path: Path) -> None:
    repository, first, second = made(tmp_path / "repository")
    git(repository, "worktree", "add", "--quiet", "--detach", str(tmp_path / "mine"), first)
    with checkout(tmp_path / "mine", second, tmp_path / "base"):
        pass
    assert worktrees(repository) == [str(repository), str(tmp_path / "mine")]


@pytest.mark.parametrize("name", ["nothing", "--all", "", "HEAD:program.py"])
def test_what_is_no_commit_is_refused(tmp_path: Path, name: str) -> None:
    repository, *_ = made(tmp_path / "repository")
    with pytest.raises(UnknownCommit):
        resolved(repository, name)
    with pytest.raises(UnknownCommit), checkout(repository, name, tmp_path / "base"):
        pass
    assert worktrees(repository) == [str(repository)]


def test_a_commit_is_named_by_hash_or_branch(tmp_path: Path) -> None:
    repository, first, second = made(tmp_path / "repository")
    assert resolved(repository, first[:7]) == first
    assert resolved(repository, "HEAD") == second
