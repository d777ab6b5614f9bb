"""What a class must have to be a kind, and which names it may have."""

from typing import Any, ClassVar

import pytest
from pydantic import Field

from cameras import PREDICTIONS, Attributes, Detection, Prediction
from pipeline import BUILT_IN, Plugin, Tables
from pipeline.config.plugins.kinds import BASES, Candidate, join, trouble_with
from tests import foreign
from tests.end_to_end.test_new_kind import Spot, Spotter
from transforms import Transform

FIRST, SECOND = Plugin("first", "1.0"), Plugin("second", "2.0")


class Good(Transform[Attributes]):
    type_name: ClassVar[str] = "good"
    attributes_type = Attributes

    def apply(self, frame: Any) -> Any:
        return frame


class OfOwnType:
    """A type that pydantic does not know."""


class Odd(Attributes):
    model_config = {"arbitrary_types_allowed": True}
    value: OfOwnType = Field(OfOwnType())


class Shapeless(Spot):
    plural: ClassVar[str] = "shapeless"
    kind: ClassVar[str] = "shapeless_one"
    item: ClassVar[Any] = int


class Silent(Prediction):
    plural: ClassVar[str] = "silents"
    kind: ClassVar[str] = "silent"


def like(base: type, **attributes: Any) -> type:
    return type("Changed", (base,), attributes)


@pytest.mark.parametrize(
    ("table", "kind"),
    [("cameras", foreign.Bar), ("transforms", Good), ("vision", foreign.Lamp), ("vision", Spotter)]
    + [("runtimes", foreign.Mean)],
)
def test_a_kind_that_has_everything_is_one(table: str, kind: type) -> None:
    assert trouble_with(kind, table) == ""


def test_the_kinds_of_the_program_have_everything() -> None:
    troubles = [trouble_with(kind, table) for table in BASES for kind in getattr(BUILT_IN, table).values()]
    assert len(troubles) > 20
    assert set(troubles) == {""}


@pytest.mark.parametrize(
    ("table", "kind", "trouble"),
    [
        ("cameras", Good, "Good is not a subclass of cameras.Camera"),
        ("transforms", Good.apply, f"{Good.apply!r} is not a subclass of transforms.Transform"),
        ("vision", 5, "5 is not a subclass of vision.VisionService"),
        ("runtimes", int, "int is not a subclass of vision.Runtime"),
        ("transforms", like(Good, type_name=None), "Changed has no type_name; give the class one, such as "),
        ("transforms", like(Good, type_name=""), "Changed.type_name must be letters, digits and any of "),
        ("cameras", like(foreign.Bar, model_name="a b"), "Changed.model_name must be letters, digits and any of "),
        ("transforms", like(Good, attributes_type=dict), "Changed.attributes_type must be a subclass of cameras."),
        ("runtimes", like(foreign.Mean, attributes_type=Attributes), "Changed.attributes_type must be a subclass of "),
        ("transforms", like(Good, attributes_type=Odd), "Changed: Odd has no JSON Schema: PydanticInvalidForJson"),
        ("transforms", like(Good, predictions=[Spot]), "Changed.predictions must be a tuple of classes, got [<class"),
        ("transforms", like(Good, predictions=(int,)), "Changed.predictions: int is not a subclass of cameras.Pred"),
        ("vision", like(Spotter, predictions=(like(Spot, plural="A b"),)), "Changed.plural must be small letters"),
        ("vision", like(Spotter, predictions=(like(Spot, kind=None),)), "Changed.kind must be small letters"),
        ("vision", like(Spotter, predictions=(Silent,)), "Silent lacks to_wire, which gives it to clients"),
        ("vision", like(Spotter, predictions=(Shapeless,)), "Shapeless: int has no JSON Schema: AttributeError: "),
    ],
)
def test_what_is_missing_is_said(table: str, kind: object, trouble: str) -> None:
    assert trouble_with(kind, table).startswith(trouble)


def joined(*candidates: Candidate, tables: Tables = BUILT_IN) -> Tables:
    return join(tables, candidates)


def spotter(plugin: Plugin, name: str, *predictions: type[Prediction]) -> Candidate:
    return Candidate(plugin, "vision", name, like(Spotter, model_name=name, predictions=predictions))


def test_predictions_come_with_what_gives_them() -> None:
    tables = joined(spotter(FIRST, "eyes", Spot, Detection), spotter(SECOND, "more_eyes", Spot))
    assert tables.predictions == {**PREDICTIONS, "spots": Spot}
    assert [[str(kind) for kind in plugin.kinds] for plugin in tables.plugins] == [
        ["vision service eyes", "prediction spots"],
        ["vision service more_eyes", "prediction spots"],
    ]


def test_a_word_of_our_predictions_is_taken() -> None:
    for change in ({"plural": "detections"}, {"kind": "detection"}):
        tables = joined(spotter(FIRST, "eyes", like(Spot, **change)))
        [word] = change.values()
        assert list(tables.troubles()) == [
            f'package first 1.0: vision service eyes: the name "{word}" of its Changed is also that of a prediction of '
            "camweave itself; rename one"
        ]
        assert tables.predictions == PREDICTIONS
        assert "eyes" not in tables.vision


@pytest.mark.parametrize("together", [True, False], ids=["at once", "one after the other"])
def test_a_word_of_predictions_of_another_plugin_is_taken(together: bool) -> None:
    ours, theirs = spotter(FIRST, "eyes", Spot), spotter(SECOND, "ears", like(Spot))
    tables = joined(ours, theirs) if together else joined(theirs, tables=joined(ours))
    said = list(tables.troubles())
    assert len(said) == (2 if together else 1)
    assert said[-1].startswith(
        'package second 2.0: vision service ears: the name "spots" of its Changed is also that of'
    )
    assert "package first 1.0" in said[-1]


def test_two_classes_of_a_plugin_cannot_share_a_name() -> None:
    tables = joined(Candidate(FIRST, "transforms", "good", Good), Candidate(FIRST, "transforms", "good", like(Good)))
    assert {*tables.troubles()} == {
        "package first 1.0: transform good: another class of its own has a transform good too; rename one, or remove it"
    }
    assert "good" not in tables.transforms


def test_a_name_that_a_broken_plugin_has_is_taken_too() -> None:
    tables = joined(Candidate(FIRST, "transforms", "good", 5))
    assert list(joined(Candidate(SECOND, "transforms", "good", Good), tables=tables).troubles())[-1] == (
        "package second 2.0: transform good: package first 1.0 has a transform good too; rename one, or remove it"
    )


def test_the_same_name_in_different_tables_is_none() -> None:
    camera = like(foreign.Bar, model_name="good")
    tables = joined(Candidate(FIRST, "transforms", "good", Good), Candidate(FIRST, "cameras", "good", camera))
    assert list(tables.troubles()) == []
    assert tables.cameras["good"] is camera
    assert tables.transforms["good"] is Good
