"""Placeholders in scalars, and the types of unquoted ones."""

from __future__ import annotations

import math

import pytest

from pipeline.config.nodes.scalars import expanded, shielded, typed, unshielded, unusable

ENVIRONMENT = {"PORT": "8080", "packages.ml_model.cats": "/models/cats"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("true", True), ("FALSE", False), ("no", "no"), ("on", "on"),
        ("12", 12), ("-3", -3), ("012", 12), ("0o17", 15), ("0x1F", 31), ("1.5", 1.5), (".5", 0.5), ("2e3", 2000.0),
        ("12:30", "12:30"), ("1_000", "1_000"), (".inf", math.inf), ("-.Inf", -math.inf), ("9" * 401, math.inf),
    ],
)  # fmt: skip
def test_a_scalar_has_the_type_of_yaml_1_2(text: str, value: object) -> None:
    found = typed(text)
    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_a_number() -> None:
    found = typed(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${PORT}", "8080"), ("${environment.PORT}", "8080"), ("a${PORT}b${HOST:c}", "a8080bc"), ("${HOST:}", ""),
        ("$$", "$"), ("${HOST:$$5}", "$5"), ("${packages.ml_model.cats}/a.tflite", "/models/cats/a.tflite"),
    ],
)  # fmt: skip
def test_placeholders_are_replaced(text: str, value: str) -> None:
    assert expanded(text, ENVIRONMENT) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${HOST}", "the environment variable HOST is not set and ${HOST} has no default"),
        ("${HOST}:${HOST}", "the environment variable HOST is not set and ${HOST} has no default"),
        ("${USER}:${PW}@${HOST}", "the environment variables USER, PW and HOST are not set, without defaults"),
        ("${packages.ml_model.dogs}", "${packages.ml_model.dogs} names a package that is not declared under packages"),
        ("pass${word", '"${" does not begin ${NAME} or ${NAME:default}; "$$" is a dollar sign'),
        ("${BYTES}", "the environment variable BYTES is not UTF-8 text"),
    ],
)
def test_a_placeholder_without_a_value_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # compared whole
        expanded(text, {"BYTES": "\udcff"})
    assert str(raised.value) == message


def test_shielded_placeholders_contain_no_yaml_syntax() -> None:
    text = "[${PORT:80, #1}, {a: ${HOST:[x]}}]"
    shield, is_shielded = shielded(text)
    assert is_shielded
    assert len(shield) == len(text)
    assert shield.count("{") == 1
    assert unshielded(shield) == text
    assert shielded("[a, b]") == ("[a, b]", False)
    assert shielded("${A}\ue000") == ("${A}\ue000", False)


def test_unusable_texts_are_reported() -> None:
    assert unusable("a text") is None
    assert unusable("a\0") == "must not hold the character U+0000"
    assert unusable("\ud800") == "must not hold half of a surrogate pair"
