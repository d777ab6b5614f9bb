"""Problems: their order, notation and suggestions."""

from __future__ import annotations

import pytest

from pipeline.config.nodes.problems import (
    MAX_COMPARISONS,
    MAX_KNOWN_SHOWN,
    Address,
    Position,
    Problems,
    is_unknown,
    path_text,
    quoted,
)


def test_problems_are_sorted_by_position_without_duplicates() -> None:
    problems = Problems("a.yaml")
    assert not problems
    problems.add(Position(2, 1), ("server", "port"), "is missing")
    problems.add(Position(1, 5), ("cameras", 0), "is wrong")
    problems.add(Position(1, 5), ("cameras", 0), "is wrong")
    problems.add(None, (), "is odd")
    assert str(problems.error()).splitlines() == [
        "a.yaml: is odd",
        "a.yaml:1:5: cameras[0]: is wrong",
        "a.yaml:2:1: server.port: is missing",
    ]


def test_forgetting_a_value_drops_the_problems_below_it() -> None:
    problems = Problems("a.yaml")
    for address in (("a",), ("a", "b"), ("a", 0), ("ab",)):
        problems.add(Position(1, 1), address, "is wrong")
    problems.forget(("a",))
    assert [problem.path for problem in problems.error().problems] == ["ab"]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ((), ""),
        (("cameras", 1, "attributes", "pipeline", 0, "type"), "cameras[1].attributes.pipeline[0].type"),
        (("a b", "c.d"), '["a b"]["c.d"]'),
    ],
)
def test_an_address_has_path_notation(address: Address, text: str) -> None:
    assert path_text(address) == text


def test_a_quoted_text_is_one_short_line_without_secrets() -> None:
    assert quoted('a "b"\\') == '"a \\"b\\"\\\\"'
    assert quoted("x" * 100) == f'"{"x" * 80}..."'
    assert "secret" not in quoted("rtsp://user:secret@host/path")
    assert quoted("a\nb\u202e") == '"a\\nb\\u202e"'


def test_the_nearest_word_is_suggested_until_the_limit() -> None:
    problems = Problems("a.yaml")
    known = ["frame_rate", "width_px"]
    assert is_unknown(problems, "unknown key", "widht_px", known) == (
        'unknown key, did you mean "width_px"? (known: frame_rate, width_px)'
    )
    assert problems.nearest("FPS", known) == "frame_rate"
    assert problems.nearest("zzz", known) is None
    problems.nearest("zzz", [f"word{number}" for number in range(MAX_COMPARISONS)])
    assert problems.nearest("widht_px", known) is None


@pytest.mark.parametrize(("count", "end"), [(MAX_KNOWN_SHOWN, "w30)"), (MAX_KNOWN_SHOWN + 1, "w30, ...)")])
def test_a_long_list_of_known_words_is_cut(count: int, end: str) -> None:
    known = [f"w{number}" for number in range(1, count + 1)]
    assert is_unknown(Problems("a.yaml"), "unknown key", "zzz", known).endswith(f"w29, {end}")
