from __future__ import annotations

import pytest

from pipeline import LimitsConfig
from server.core import Refusals
from server.core.requests.refusals import COUNTED


def test_refusals_are_counted_by_limit_from_zero() -> None:
    refusals = Refusals()
    refusals.add("viewers")
    refusals.add("viewers")
    assert refusals.counts == dict.fromkeys(COUNTED, 0) | {"viewers": 2}
    with pytest.raises(KeyError):
        refusals.add("patience")


def test_each_is_a_limit_of_the_configuration() -> None:
    assert set(COUNTED) <= set(LimitsConfig.model_fields)
