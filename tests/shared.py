"""Real models, photos and clips, where a checkout has them beside it; what needs them says when they are missing."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"

NEEDS_DATA = "needs the data set in ../shared/data, which is not there"

CASES = DATA.parent / "cases"

NEEDS_CASES = "needs the cases in ../shared/cases, which are not there"

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=NEEDS_CASES)

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=NEEDS_DATA)


@cache
def expected() -> dict[str, Any]:
    """Return the golden results."""
    results: dict[str, Any] = json.loads((DATA / "expected.json").read_text())
    return results
