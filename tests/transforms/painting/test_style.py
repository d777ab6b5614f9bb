from __future__ import annotations

from pathlib import Path

import pytest

from tests.transforms.refusals import refusals
from transforms import Style


@pytest.mark.parametrize(("height", "size"), [(120, 10), (300, 10), (432, 14), (720, 24), (2160, 72)])
def test_text_height_is_a_thirtieth_of_the_picture_with_a_minimum(height: int, size: int) -> None:
    assert Style().text_size(height) == size
    assert Style(text_height_px=17).text_size(height) == 17


@pytest.mark.parametrize(("size", "line"), [((160, 120), 2), ((768, 432), 2), ((1280, 720), 4), ((3840, 2160), 10)])
def test_line_width_grows_with_the_picture(size: tuple[int, int], line: int) -> None:
    assert Style().line_width(*size) == line
    assert Style(line_width_px=3).line_width(*size) == 3


def test_a_color_without_quotes_is_explained() -> None:
    message = 'must be a color in quotes, such as "#1f77b4": without quotes YAML reads # as a comment'
    assert refusals(Style, color=None) == [("color", message)]
    assert refusals(Style, colors={"dog": None}) == [("colors.dog", message)]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("color", "red", "must be a color such as \"#1f77b4\", or auto, got 'red'"),
        ("text_color", "#12345", "must be a color such as \"#1f77b4\", or auto, got '#12345'"),
        ("text_color", 112233, "Input should be a valid string"),
        ("line_width_px", 0, "Input should be greater than or equal to 1"),
        ("text_height_px", 3, "Input should be greater than or equal to 6"),
        ("mask_opacity", 1.5, "Input should be less than or equal to 1"),
        ("text_height_px", 501, "Input should be less than or equal to 500"),
    ],
)
def test_wrong_values_are_refused(name: str, value: object, message: str) -> None:
    assert refusals(Style, **{name: value}) == [(name, message)]


def test_check_reads_the_font_file(tmp_path: Path) -> None:
    (tmp_path / "text.ttf").write_text("no font at all")
    style = Style.model_validate({"font": "text.ttf"}, context={"folder": tmp_path})
    assert list(style.check()) == [(("font",), f"{tmp_path}/text.ttf: not a TrueType or OpenType font")]
    assert list(Style().check()) == []
