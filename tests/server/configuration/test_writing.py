"""Writing a file at once."""

import os
from pathlib import Path

import pytest

from server.configuration.writing import replace_text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "cameras.yaml"
    file.write_text("old", "utf-8")
    file.chmod(0o600)
    return file


def test_the_old_text_stays_beside_it_as_private_as_it_was(path: Path) -> None:
    inode = path.stat().st_ino
    replace_text(path, "new")
    backup = path.with_name("cameras.yaml.bak")
    assert (path.read_text("utf-8"), backup.read_text("utf-8")) == ("new", "old")
    assert [each.stat().st_mode & 0o777 for each in (path, backup)] == [0o600, 0o600]
    assert path.stat().st_ino != inode
    assert sorted(each.name for each in path.parent.iterdir()) == ["cameras.yaml", "cameras.yaml.bak"]


def test_line_ends_stay(path: Path) -> None:
    replace_text(path, "a\r\nb\n")
    assert path.read_bytes() == b"a\r\nb\n"


def test_a_failure_leaves_the_file_and_no_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, target: Path) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        replace_text(path, "new")
    assert path.read_text("utf-8") == "old"
    assert [each.name for each in path.parent.iterdir()] == ["cameras.yaml"]


def test_a_file_that_is_read_only_is_not_replaced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError):
        replace_text(path, "new")
    assert path.read_text("utf-8") == "old"
