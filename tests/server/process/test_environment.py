"""The environment of libraries: what the user has set is kept, and their threads sleep."""

from __future__ import annotations

import os

import pytest

from server.process import set_library_defaults

NAME = "OPENBLAS_THREAD_TIMEOUT"


def test_threads_of_libraries_do_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")  # so that it is restored
    monkeypatch.delenv(NAME)
    set_library_defaults()
    assert os.environ[NAME] == "4"


def test_what_the_user_has_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "26")
    set_library_defaults()
    assert os.environ[NAME] == "26"
