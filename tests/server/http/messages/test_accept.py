from __future__ import annotations

import pytest

from server.http.messages import quality

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("headers", "name", "expected"),
    [
        ([], "image/png", 0.0),
        (["*/*"], "image/png", 1.0),
        (["image/*;q=0.4, */*"], "image/png", 0.4),
        (["image/jpeg", "image/PNG; q=0.25"], "image/png", 0.25),
        (["image/png;q=none"], "image/png", 0.0),
        ([PROMETHEUS], "application/openmetrics-text", 0.5),
        ([PROMETHEUS], "text/plain", 0.3),
        (["br, gzip;q=0"], "gzip", 0.0),
        (["deflate, *;q=0.1"], "gzip", 0.1),
        (["gzip"], "gzip", 1.0),
    ],
)
def test_the_most_exact_range_counts(headers: list[str], name: str, expected: float) -> None:
    assert quality(headers, name) == expected
