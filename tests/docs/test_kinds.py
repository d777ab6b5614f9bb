"""Each kind is in every place that names kinds."""

from dataclasses import replace

from cameras import PREDICTIONS
from pipeline import BUILT_IN
from tests import foreign
from tests.end_to_end.test_new_kind import Spot

from .kinds import NOT_SHOWN, missing


def test_no_place_lacks_a_kind() -> None:
    assert [*missing()] == [], "`make kinds` lists this"


def test_the_places_of_a_new_kind_are_listed() -> None:
    tables = replace(foreign.KINDS, predictions={**PREDICTIONS, Spot.plural: Spot})
    assert sorted(missing(tables)) == [
        "bar has no row in docs/configuration.md",
        "bar is in no file of configs/",
        "bar is not in CHANGELOG.md, in backticks",
        "lamp has no row in docs/vision.md",
        "lamp is in no file of configs/",
        "lamp is not in CHANGELOG.md, in backticks",
        "lamp is not in docs/coming-from-viam.md, in backticks",
        "mean has no row in docs/vision.md",
        "mean is not in CHANGELOG.md, in backticks",
        "mean is not in docs/coming-from-viam.md, in backticks",
        "negative has no row in docs/transforms.md",
        "negative is in no file of configs/",
        "negative is not in CHANGELOG.md, in backticks",
        "negative is not in docs/coming-from-viam.md, in backticks",
        "spots is not in CHANGELOG.md, in backticks",
        "spots is not in docs/http.md, in backticks",
    ]


def test_the_exceptions_are_kinds() -> None:
    assert NOT_SHOWN.keys() <= BUILT_IN.cameras.keys()
