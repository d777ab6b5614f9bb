"""What a benchmark has found: the median, the target, and both forms in which it is told."""

import json
import math

import pytest

from benchmarks.measuring import Finding, Findings, Outcome, Target, at_least, at_most, details_of, json_of, table_of
from benchmarks.measuring.findings import shown


@pytest.mark.parametrize(
    ("values", "target", "outcome"),
    [
        ((1.0,), at_most(1.0), Outcome.REACHED),
        ((1.01,), at_most(1.0), Outcome.MISSED),
        ((0.9,), at_least(0.9), Outcome.REACHED),
        ((0.89,), at_least(0.9), Outcome.MISSED),
        ((0.5, 9.0, 1.0), at_most(1.0), Outcome.REACHED),  # the median counts
        ((math.nan,), at_most(1.0), Outcome.MISSED),
        ((math.nan,), at_least(1.0), Outcome.MISSED),
        ((5.0,), None, Outcome.NO_TARGET),
    ],
)
def test_the_median_is_judged(values: tuple[float, ...], target: Target | None, outcome: Outcome) -> None:
    assert Finding("cost", values, target=target).outcome is outcome


def test_a_finding_without_a_value_is_an_error() -> None:
    with pytest.raises(ValueError, match="cost: a finding needs at least one value, got none"):
        Finding("cost", ())


def test_numbers_have_three_digits_and_keep_those_before_the_point() -> None:
    assert [shown(each) for each in (1234.5, 99.94, 3.14159, 0.0123, -12.0, math.nan)] == [
        "1234", "99.9", "3.14", "0.012", "-12.0", "nan",
    ]  # fmt: skip


FOUND = {
    "line": Findings(
        (Finding("CPU per frame", (1.2, 1.0, 1.1), "x", "8.00 ms, the bare calls", at_most(1.08)),),
        [{"cameras": 8, "frames/s": 120.04}],
        ["It was busy."],
    ),
    "gpu": Findings((Finding("rate", (30.0,), "frames/s"),)),
}


def test_the_table_has_a_row_for_each_finding() -> None:
    heading, rule, line, gpu = table_of(FOUND).splitlines()
    assert len({len(row) for row in (heading, rule, line, gpu)}) == 1
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == [
        "line",
        "CPU per frame",
        "1.10",
        "x",
        "1.00 to 1.20",
        "8.00 ms, the bare calls",
        "<= 1.08",
        "MISSED",
    ]
    assert [cell.strip() for cell in gpu.strip("|").split("|")][2:] == ["30.0", "frames/s", "", "", "", ""]


def test_details_are_a_table_of_their_own() -> None:
    assert details_of(FOUND["gpu"]) == ""
    assert [row.replace(" ", "") for row in details_of(FOUND["line"]).splitlines()[::2]] == [
        "|cameras|frames/s|",
        "|8|120|",
    ]


def test_the_json_holds_everything_that_is_printed() -> None:
    said = json.loads(json_of(FOUND))
    line, gpu = (said["benchmarks"][name] for name in ("line", "gpu"))
    assert line["rows"] == [
        {
            "measured": "CPU per frame", "value": 1.1, "unit": "x", "spread": [1.0, 1.2], "values": [1.2, 1.0, 1.1],
            "beside": "8.00 ms, the bare calls", "target": "<= 1.08", "reached": False,
        }
    ]  # fmt: skip
    assert (line["details"], line["notes"]) == ([{"cameras": 8, "frames/s": 120.04}], ["It was busy."])
    assert (gpu["rows"][0]["target"], gpu["rows"][0]["reached"]) == (None, None)
    assert "cores" in said["machine"]
