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


def test_a_library_with_all_of_it_is_fine() -> None:
    require_internals("numpy", [(Owner, "there"), (Owner(), "begin"), (np, "ndarray")])


def test_everything_that_is_missing_is_named_with_the_version() -> None:
    with pytest.raises(UnsuitableLibrary) as caught:
        require_internals("numpy", [(Owner, "_a"), (Owner(), "_b"), (Owner, "there"), (np, "_c")], missing=["d(e)"])
    assert str(caught.value) == (
        f"numpy {version('numpy')} cannot be used: it has no Owner._a, Owner._b, numpy._c, d(e)"
    )


def test_an_attribute_that_is_set_later_is_found() -> None:
    assert sets_attribute(Owner.begin, "later")
    assert not sets_attribute(Owner.begin, "there")
    assert not sets_attribute(len, "later")
