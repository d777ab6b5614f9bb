"""Checks of the classes that plugins contribute, and of their names."""

from typing import Any, ClassVar

import pytest
from pydantic import Field

from cameras import PREDICTIONS, Attributes, Detection, Prediction
from pipeline import BUILT_IN, Plugin, Tables
from pipeline.config.plugins.kinds import BASES, Contribution, join, kind_error
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


class NoSchema(Spot):
    plural: ClassVar[str] = "without_schema"
    kind: ClassVar[str] = "without_schema_one"
    item: ClassVar[Any] = int


class NoWire(Prediction):
    plural: ClassVar[str] = "without_wires"
    kind: ClassVar[str] = "without_wire"


def like(base: type, **attributes: Any) -> type:
    return type("Changed", (base,), attributes)


@pytest.mark.parametrize(
    ("table", "kind"),
    [("cameras", foreign.Bar), ("transforms", Good), ("vision", foreign.Lamp), ("vision", Spotter)]
    + [("runtimes", foreign.Mean)],
)
def test_a_complete_class_is_accepted(table: str, kind: type) -> None:
    assert kind_error(kind, table) == ""


def test_all_built_in_kinds_are_complete() -> None:
    errors = [kind_error(kind, table) for table in BASES for kind in getattr(BUILT_IN, table).values()]
    assert len(errors) > 20
    assert set(errors) == {""}


@pytest.mark.parametrize(
    ("table", "kind", "error"),
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
        ("vision", like(Spotter, predictions=(like(Spot, plural="A b"),)), "Changed.plural must be lower-case letters"),
        ("vision", like(Spotter, predictions=(like(Spot, kind=None),)), "Changed.kind must be lower-case letters"),
        (
            "vision",
            like(Spotter, predictions=(NoWire,)),
            "NoWire lacks to_wire, which makes what clients receive",
        ),
        (
            "vision",
            like(Spotter, predictions=(NoSchema,)),
            "NoSchema: int has no JSON Schema: AttributeError: ",
        ),
        (
            "transforms",
            like(Good, __init__=lambda self, attributes: None),
            "Changed.__init__ must take (attributes, services) as that of Transform does: too many positional",
        ),
        (
            "cameras",
            like(foreign.Bar, __init__=lambda self, name, attributes: None),
            "Changed.__init__ must take (name, attributes, paced=) as that of Camera does: got an unexpected keyword "
            "argument 'paced'",
        ),
        (
            "vision",
            like(Spotter, __init__=lambda self, name, attributes, runtimes: None),
            "Changed.__init__ must take (name, attributes, runtime, runtimes=) as that of VisionService does: ",
        ),
        (
            "runtimes",
            like(foreign.Mean, __init__=lambda self, file: None),
            "Changed.__init__ must take (file, num_threads, providers) as that of Runtime does: too many positional",
        ),
    ],
)
def test_an_incomplete_class_is_refused_with_the_reason(table: str, kind: object, error: str) -> None:
    assert kind_error(kind, table).startswith(error)


def joined(*contributions: Contribution, tables: Tables = BUILT_IN) -> Tables:
    return join(tables, contributions)


def spotter(plugin: Plugin, name: str, *predictions: type[Prediction]) -> Contribution:
    return Contribution(plugin, "vision", name, like(Spotter, model_name=name, predictions=predictions))


def test_predictions_are_added_with_the_service_that_returns_them() -> None:
    tables = joined(spotter(FIRST, "eyes", Spot, Detection), spotter(SECOND, "more_eyes", Spot))
    assert tables.predictions == {**PREDICTIONS, "spots": Spot}
    assert [[str(kind) for kind in plugin.kinds] for plugin in tables.plugins] == [
        ["vision service eyes", "prediction spots"],
        ["vision service more_eyes", "prediction spots"],
    ]


def test_a_prediction_cannot_take_the_name_of_a_built_in_one() -> None:
    for change in ({"plural": "detections"}, {"kind": "detection"}):
        tables = joined(spotter(FIRST, "eyes", like(Spot, **change)))
        [word] = change.values()
        assert list(tables.errors()) == [
            f'package first 1.0: vision service eyes: the name "{word}" of its Changed is also that of a prediction of '
            "camweave itself; rename one"
        ]
        assert tables.predictions == PREDICTIONS
        assert "eyes" not in tables.vision


@pytest.mark.parametrize("together", [True, False], ids=["at once", "one after the other"])
def test_a_prediction_cannot_take_the_name_of_one_of_another_plugin(together: bool) -> None:
    first, second = spotter(FIRST, "eyes", Spot), spotter(SECOND, "ears", like(Spot))
    tables = joined(first, second) if together else joined(second, tables=joined(first))
    messages = list(tables.errors())
    assert len(messages) == (2 if together else 1)
    assert messages[-1].startswith(
        'package second 2.0: vision service ears: the name "spots" of its Changed is also that of'
    )
    assert "package first 1.0" in messages[-1]


def test_two_classes_of_a_plugin_cannot_share_a_name() -> None:
    tables = joined(
        Contribution(FIRST, "transforms", "good", Good), Contribution(FIRST, "transforms", "good", like(Good))
    )
    assert {*tables.errors()} == {
        "package first 1.0: transform good: another class of its own has a transform good too; rename one, or remove it"
    }
    assert "good" not in tables.transforms


def test_a_kind_cannot_take_the_name_of_an_unusable_one() -> None:
    tables = joined(Contribution(FIRST, "transforms", "good", 5))
    assert list(joined(Contribution(SECOND, "transforms", "good", Good), tables=tables).errors())[-1] == (
        "package second 2.0: transform good: package first 1.0 has a transform good too; rename one, or remove it"
    )


def test_the_same_name_in_different_tables_is_accepted() -> None:
    camera = like(foreign.Bar, model_name="good")
    tables = joined(Contribution(FIRST, "transforms", "good", Good), Contribution(FIRST, "cameras", "good", camera))
    assert list(tables.errors()) == []
    assert tables.cameras["good"] is camera
    assert tables.transforms["good"] is Good
