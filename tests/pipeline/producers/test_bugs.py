"""The messages for bugs in cameras and transforms."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cameras import Frame, Pixels
from pipeline.producers.bugs import bug_message, must_be
from tests.fakes import frame
from tests.transforms.pictures import bgr


def raised(call: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


def test_type_and_line_are_named() -> None:
    error = raised(lambda: frame().nothing)  # type: ignore[attr-defined]
    line = raised.__code__.co_firstlineno + 7
    assert (
        bug_message(error) == f"AttributeError: 'Frame' object has no attribute 'nothing' (test_bugs.py, line {line})"
    )


def test_the_line_is_that_of_the_file_that_was_called_and_not_of_its_library() -> None:
    assert "(test_bugs.py, line " in bug_message(raised(lambda: json.loads("{")))


def test_the_line_of_a_bug_in_camweave_is_named() -> None:
    error = raised(lambda: Pixels.from_bgr(None))  # type: ignore[arg-type]
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next and error.__traceback__.tb_next.tb_next  # as camweave called it
    assert "(pixels.py, line " in bug_message(error)


def test_without_a_text_or_a_traceback_the_type_remains() -> None:
    assert bug_message(KeyError()) == "KeyError"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "Broken.apply must return a Frame, got NoneType; does it end with a return?"),
        (bgr(8, 6).image, "Broken.apply must return a Frame, got ndarray"),
    ],
)
def test_another_type_is_refused(result: object, message: str) -> None:
    error = raised(lambda: must_be(Frame, result, "Broken.apply"))
    assert (str(error), type(error)) == (message, TypeError)


def test_the_right_type_is_accepted() -> None:
    must_be(Frame, frame(), "Good.apply")
