from __future__ import annotations

import pytest

from transforms.painting.bidi import Run, reversed_run, runs

A, B, C = "\u05d0", "\u05d1", "\u05d2"  # alef, bet, gimel


def drawn(text: str) -> str:
    """Return a line in the order in which it is drawn from left to right, letter after letter."""
    return "".join(reversed_run(run.clusters) if run.right_to_left else "".join(run.clusters) for run in runs(text))


@pytest.mark.parametrize("text", ["", "star: 0.98", "日本語 (2)", "Привет", "123"])
def test_left_to_right_text_is_unchanged(text: str) -> None:
    assert drawn(text) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (A + B + C, C + B + A),
        (f"{A}{B} {C}", f"{C} {B}{A}"),
        (f"{A}{B}: 0.98", f"0.98 :{B}{A}"),
        (f"{A}{B} #12: 0.98", f"0.98 :#12 {B}{A}"),
        (f"{A} dog {B}", f"{B} dog {A}"),
        (f"dog {A}{B} cat", f"dog {B}{A} cat"),
        (f"dog {A} {B}: 0.5", f"dog 0.5 :{B} {A}"),
        (f"{A} 50% {B}", f"{B} 50% {A}"),
        (f"({A}{B})", f"({B}{A})"),
        (f"{A}\u05b8{B}", f"{B}{A}\u05b8"),
        ("\u0645\u0631", "\u0631\u0645"),
        (A, A),
    ],
)
def test_right_to_left_text_is_reversed(text: str, wanted: str) -> None:
    assert drawn(text) == wanted


@pytest.mark.parametrize("text", ["\u0301", f"\u0301{A}", f"{A}.", f".{A}", "\u202e" + A, A * 200 + "1 2"])
def test_no_text_loses_a_letter(text: str) -> None:
    assert sorted(drawn(text)) == sorted(text)


def test_a_line_is_split_into_runs_of_one_direction() -> None:
    assert runs(f"dog {A}{B} 12") == [
        Run(tuple("dog "), False),
        Run(("1", "2"), False),
        Run((A, B, " "), True),
    ]


@pytest.mark.parametrize("mark", ["\u05b8", "\u0e34", "\u093f", "\u200d"], ids=["NSM", "Thai", "Mc", "joiner"])
def test_a_mark_stays_with_its_letter(mark: str) -> None:
    assert runs(f"{A}{mark}{B}")[0].clusters == (A + mark, B)
