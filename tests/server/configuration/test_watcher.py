"""Watching files: what counts as a change, and the system's own reports."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue

import pytest

from pipeline import stamp_of
from server.configuration import FileWatcher

WAITS_S = 20.0


class Looks:
    """Reports of the system that the test gives."""

    def __init__(self) -> None:
        self.reports: SimpleQueue[BaseException | None] = SimpleQueue()
        self.folders: SimpleQueue[Sequence[str]] = SimpleQueue()

    def __call__(self, folders: Sequence[str], stopped: threading.Event) -> Iterator[object]:
        self.folders.put(folders)
        while True:
            report = self.reports.get()
            if stopped.is_set():
                return
            if report is not None:
                raise report
            yield None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.yaml"
    path.write_text("cameras: []", "utf-8")
    return path


def noting(calls: list[str]) -> Callable[[], bool]:
    """Return a function that notes its calls."""

    def note() -> bool:
        calls.append("changed")
        return True

    return note


def setting(event: threading.Event) -> Callable[[], bool]:
    """Return a function that sets an event."""

    def note() -> bool:
        event.set()
        return True

    return note


def compared(watcher: FileWatcher, calls: list[str]) -> int:
    """Compare once, and return the number of calls so far."""
    watcher._compare()
    return len(calls)


def test_a_file_that_is_written_replaced_removed_or_made_has_changed(file: Path) -> None:
    calls: list[str] = []
    watcher = FileWatcher(lambda: [file], noting(calls))
    assert compared(watcher, calls) == 0
    file.write_text("cameras: [1]", "utf-8")
    assert compared(watcher, calls) == 1
    other = file.with_name("other")
    other.write_text("cameras: [2]", "utf-8")
    os.replace(other, file)
    assert compared(watcher, calls) == 2
    assert compared(watcher, calls) == 2
    file.unlink()
    assert compared(watcher, calls) == 3
    file.write_text("cameras: [3]", "utf-8")
    assert compared(watcher, calls) == 4


def test_a_link_that_leads_elsewhere_has_changed(tmp_path: Path) -> None:
    calls: list[str] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cameras.yaml").write_text(name, "utf-8")
    data, link = tmp_path / "data", tmp_path / "cameras.yaml"
    data.symlink_to("one")
    link.symlink_to("data/cameras.yaml")
    watcher = FileWatcher(lambda: [link], noting(calls))
    fresh = tmp_path / "fresh"
    fresh.symlink_to("two")
    os.replace(fresh, data)
    assert compared(watcher, calls) == 1


def test_files_that_are_named_only_now_have_not_changed(file: Path) -> None:
    files, calls = [file], list[str]()

    def read() -> bool:
        calls.append("changed")
        files.append(file.with_name("model"))
        return True

    watcher = FileWatcher(lambda: files, read)
    file.write_text("cameras: [1]", "utf-8")
    assert compared(watcher, calls) == 1
    assert compared(watcher, calls) == 1
    file.with_name("model").write_text("new", "utf-8")
    assert compared(watcher, calls) == 2


def test_a_folder_that_cannot_be_watched_is_tried_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.configuration.watcher.LOOK_S", 0.001)
    looks = Looks()
    changed = threading.Event()
    watcher = FileWatcher(lambda: [file], setting(changed), look=looks)
    looks.reports.put(FileNotFoundError("a folder"))
    watcher.start()
    assert looks.folders.get(timeout=WAITS_S) == [str(file.parent)]
    assert looks.folders.get(timeout=WAITS_S) == [str(file.parent)]
    file.write_text("cameras: [1]", "utf-8")
    looks.reports.put(None)
    assert changed.wait(WAITS_S)
    watcher.stop()
    looks.reports.put(None)


def test_the_system_reports_a_change(file: Path) -> None:
    changed = threading.Event()
    watcher = FileWatcher(lambda: [file], setting(changed))
    watcher.start()
    other = file.with_name("other")
    other.write_text("cameras: [2]", "utf-8")
    os.replace(other, file)
    assert changed.wait(WAITS_S)
    watcher.stop()


def test_what_changed_before_the_start_counts(file: Path) -> None:
    looks, changed = Looks(), threading.Event()
    watcher = FileWatcher(lambda: [file], setting(changed), look=looks)
    file.write_text("cameras: [1]", "utf-8")
    watcher.start()
    assert changed.wait(WAITS_S)
    watcher.stop()
    looks.reports.put(None)


def test_what_changed_since_the_stamps_of_the_start_counts(file: Path) -> None:
    stamps = {file: stamp_of(file)}
    file.write_text("cameras: [1]", "utf-8")
    calls: list[str] = []
    watcher = FileWatcher(lambda: [file], noting(calls), stamps)
    assert compared(watcher, calls) == 1
    assert compared(watcher, calls) == 1


def test_a_change_that_could_not_be_applied_is_tried_again(file: Path) -> None:
    answers, calls = [False, True], list[str]()

    def apply() -> bool:
        calls.append("changed")
        return answers[len(calls) - 1]

    watcher = FileWatcher(lambda: [file], apply)
    file.write_text("cameras: [1]", "utf-8")
    assert [compared(watcher, calls) for _ in range(3)] == [1, 2, 2]


def test_whatever_goes_wrong_it_watches_on(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.configuration.watcher.LOOK_S", 0.001)
    loop = file.with_name("loop")
    loop.symlink_to("loop")
    looks, second = Looks(), threading.Event()
    calls: list[str] = []

    def apply() -> bool:
        calls.append("changed")
        if len(calls) == 1:
            raise ValueError("a bug")
        second.set()
        return True

    watcher = FileWatcher(lambda: [file, loop], apply, look=looks)
    file.write_text("cameras: [1]", "utf-8")
    watcher.start()
    assert second.wait(WAITS_S)
    watcher.stop()
    looks.reports.put(None)
