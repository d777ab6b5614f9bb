"""Stamps show that a file was replaced, whatever the way."""

from __future__ import annotations

import os
from pathlib import Path

from cameras import Attributes, LocalPath
from pipeline.config.declarations.stamps import files_in, stamp_of


def test_a_stamp_changes_with_the_content_of_a_file(tmp_path: Path) -> None:
    path, other = tmp_path / "labels.txt", tmp_path / "other.txt"
    stamps = [stamp_of(path)]
    path.write_text("cat")
    stamps.append(stamp_of(path))
    path.write_text("cats")
    stamps.append(stamp_of(path))
    other.write_text("dogs")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    os.replace(other, path)
    stamps.append(stamp_of(path))
    assert stamps[0] is None
    assert len(set(stamps)) == 4
    assert stamp_of(path) == stamps[-1]


def test_a_stamp_changes_when_a_link_leads_elsewhere(tmp_path: Path) -> None:
    link = tmp_path / "current"
    stamps = []
    for name in ("one", "two"):
        (tmp_path / name).write_text("same")
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / name)
        stamps.append(stamp_of(link))
    assert stamps[0] != stamps[1]


def test_a_name_that_no_file_can_have_has_no_stamp() -> None:
    assert stamp_of(Path("a\0b")) is None


class Files(Attributes):
    """Attributes that name files."""

    one: LocalPath
    more: tuple[LocalPath, ...] = ()
    number: int = 3


def test_all_files_of_attributes_are_found() -> None:
    assert list(files_in(Files(one=Path("a"), more=(Path("b"), Path("c"))))) == [Path("a"), Path("b"), Path("c")]
