"""The table of exits."""

from streams import EXITS


def test_exits_have_names_of_their_own() -> None:
    assert list(EXITS) == [exit.kind for exit in EXITS.values()]
    assert len({exit.path for exit in EXITS.values()}) == len(EXITS)
    assert all(exit.summary.endswith(".") for exit in EXITS.values())
