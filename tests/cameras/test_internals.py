"""Missing private names of a library are reported with its version."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import pytest

from cameras.internals import UnsuitableLibrary, require_internals, sets_attribute


class Owner:
    there = 1

    def begin(self) -> None:
        self.later = 1


def test_a_complete_library_is_accepted() -> None:
    require_internals("numpy", [(Owner, "there"), (Owner(), "begin"), (np, "ndarray")])


def test_all_missing_names_are_reported_with_the_version() -> None:
    with pytest.raises(UnsuitableLibrary) as caught:
        require_internals("numpy", [(Owner, "_a"), (Owner(), "_b"), (Owner, "there"), (np, "_c")], missing=["d(e)"])
    assert str(caught.value) == (
        f"numpy {version('numpy')} cannot be used: it has no Owner._a, Owner._b, numpy._c, d(e)"
    )


def test_an_attribute_set_by_a_method_is_found() -> None:
    assert sets_attribute(Owner.begin, "later")
    assert not sets_attribute(Owner.begin, "there")
    assert not sets_attribute(len, "later")
