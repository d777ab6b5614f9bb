"""Values that are changed live."""

from pathlib import Path

import pytest

from pipeline import Config, ConfigError, parse
from server.configuration.live import LiveValues, applied, changed, kept

from .files import TEXT

SECOND = "        - {type: crop, attributes: {x_max_px: 0.5, y_max_px: 1}}\n"


def config(text: str = TEXT) -> Config:
    return parse(text, "cameras.yaml", Path())


def values(**attributes: object) -> tuple[LiveValues, ...]:
    return changed(config(), (), "seen", 0, attributes)


def threshold(found: Config, index: int = 0) -> float:
    return float(found.cameras["seen"].attributes.pipeline[index].attributes.confidence_threshold)  # type: ignore[attr-defined]


def test_a_value_replaces_that_of_the_file() -> None:
    (each,) = values(confidence_threshold=0.25)
    assert threshold(applied(config(), [each])) == 0.25
    assert each.to_wire() == {
        "camera": "seen",
        "transform": 0,
        "attributes": {"confidence_threshold": 0.25},
        "before": {"confidence_threshold": 0.5},
    }


def test_further_values_join_those_before() -> None:
    both = changed(config(), values(confidence_threshold=0.25), "seen", 0, {"valid_labels": ["red"]})
    assert [each.attributes for each in both] == [{"confidence_threshold": 0.25, "valid_labels": ["red"]}]
    assert both[0].before == {"confidence_threshold": 0.5, "valid_labels": None}


def test_the_values_of_the_file_leave_nothing() -> None:
    assert changed(config(), values(confidence_threshold=0.25), "seen", 0, {"confidence_threshold": 0.5}) == ()


def test_null_is_the_default() -> None:
    (each,) = values(confidence_threshold=None)
    assert threshold(applied(config(), [each])) == 0.0


def test_what_is_wrong_is_said_as_in_the_file() -> None:
    with pytest.raises(ConfigError, match="must be between 0 and 1, got 2"):
        values(confidence_threshold=2)
    with pytest.raises(ConfigError, match='no service is named "blue"'):
        values(detector_name="blue")
    with pytest.raises(LookupError, match="2 transforms"):
        changed(config(), (), "seen", 2, {})
    with pytest.raises(LookupError, match="has no transforms"):
        changed(config(), (), "scene", 0, {})


def test_values_stay_where_the_file_did_not_change_their_transform() -> None:
    live = values(confidence_threshold=0.25)
    assert kept(config(), config(TEXT.replace("x_max_px: 0.5", "x_max_px: 0.75")), live) == live
    assert kept(config(), config(TEXT.replace("confidence_threshold: 0.5", "confidence_threshold: 0.6")), live) == ()
    assert kept(config(), config(TEXT.replace("name: seen", "name: watched")), live) == ()


def test_values_move_with_their_transform() -> None:
    live = values(confidence_threshold=0.25)
    text = TEXT.replace(SECOND, "").replace("      pipeline:\n", f"      pipeline:\n{SECOND}")
    (moved,) = kept(config(), config(text), live)
    assert moved.transform == 1
    assert threshold(applied(config(text), [moved]), 1) == 0.25


def test_values_that_no_longer_fit_go() -> None:
    live = values(detector_name="red", confidence_threshold=0.25)
    blue = TEXT.replace("name: red\n", "name: blue\n").replace("detector_name: red", "detector_name: blue")
    assert kept(config(), config(blue), live) == ()


def test_of_transforms_that_are_declared_alike_each_keeps_its_own() -> None:
    twins = TEXT.replace(SECOND, SECOND * 2)
    live = changed(config(twins), (), "seen", 2, {"x_max_px": 0.25})
    assert kept(config(twins), config(twins + "# more\n"), live) == live
    in_front = "        - {type: rotate, attributes: {angle_degs: 90}}\n"
    (moved,) = kept(config(twins), config(twins.replace(SECOND, in_front + SECOND, 1)), live)
    assert moved.transform == 3
    # One of them has changed, and nobody knows which.
    assert kept(config(twins), config(TEXT), live) == ()
    assert kept(config(twins), config(TEXT.replace(SECOND, SECOND + SECOND.replace("0.5", "0.25"))), live) == ()
