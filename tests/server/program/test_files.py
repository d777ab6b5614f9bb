"""The number of files that the process may have open."""

import errno
import resource

import pytest

from server.program import is_exhausted, raise_file_limit
from server.program.files import FILES_WANTED

INFINITY = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 4096), 4096),
        ((1024, 1 << 20), FILES_WANTED),
        ((1024, INFINITY), FILES_WANTED),
        ((4096, 4096), 4096),
        ((1 << 20, 1 << 20), 1 << 20),
        ((INFINITY, INFINITY), INFINITY),
    ],
)
def test_it_is_raised_to_what_the_system_allows(
    before: tuple[int, int], after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = before
    monkeypatch.setattr(resource, "getrlimit", lambda which: limit)

    def change(which: int, wanted: tuple[int, int]) -> None:
        nonlocal limit
        limit = wanted

    monkeypatch.setattr(resource, "setrlimit", change)
    assert raise_file_limit() == after
    assert limit == (after, before[1])


def test_a_system_that_refuses_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(which: int, wanted: tuple[int, int]) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda which: (10, 20))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_file_limit() == 10


@pytest.mark.parametrize(("number", "exhausted"), [(errno.EMFILE, True), (errno.ENOMEM, True), (errno.ENOENT, False)])
def test_errors_of_an_exhausted_system_are_known(number: int, exhausted: bool) -> None:
    assert is_exhausted(OSError(number, "")) is exhausted
