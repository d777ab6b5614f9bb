"""The environment of libraries: it has the defaults of the program, and what the user has set is kept."""

from __future__ import annotations

import os

import pytest

from server.process import set_library_defaults

DEFAULTS = {"OPENBLAS_THREAD_TIMEOUT": "4", "PYDANTIC_DISABLE_PLUGINS": "__all__"}


def test_threads_do_not_spin_and_no_plugin_sees_what_is_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DEFAULTS:
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    set_library_defaults()
    assert {name: os.environ.get(name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_the_user_has_set_is_kept(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in DEFAULTS:
        monkeypatch.setenv(other, "")
    monkeypatch.setenv(name, "26")
    set_library_defaults()
    assert os.environ[name] == "26"
