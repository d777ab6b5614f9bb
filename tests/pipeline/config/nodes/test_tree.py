"""Trees of nodes: looking up, replacing and showing nodes."""

from __future__ import annotations

import pytest

from pipeline.config.nodes.problems import Position
from pipeline.config.nodes.tree import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    Unusable,
    find,
    is_empty,
    kind_of,
    plain,
    replaced,
    shown,
    text_of,
)


def scalar(value: None | bool | int | float | str, *, reported: bool = False) -> ScalarNode:
    return ScalarNode(Position(1, 1), value, "" if value is None else str(value), reported)


TREE = MappingNode(
    Position(1, 1), {"a": SequenceNode(Position(1, 4), (scalar(1), scalar("x"))), "b": scalar(float("nan"))}
)


def test_an_address_is_followed_as_far_as_it_goes() -> None:
    assert find(TREE, ("a", 1)) == (scalar("x"), ("a", 1))
    assert find(TREE, ("a", "tuple[int]", 0)) == (scalar(1), ("a", 0))
    assert find(TREE, ("a", 7)) == (TREE.entries["a"], ("a",))


def test_replacing_a_node_leaves_the_tree_unchanged() -> None:
    changed = replaced(TREE, ("a", 0), scalar(2))
    assert find(changed, ("a", 0))[0] == scalar(2)
    assert find(TREE, ("a", 0))[0] == scalar(1)
    assert list(TREE.without("a").entries) == ["b"]


def test_infinite_and_reported_values_become_unusable() -> None:
    made = plain(TREE)
    assert made["a"] == [1, "x"]
    assert isinstance(made["b"], Unusable)
    assert isinstance(plain(scalar("x", reported=True)), Unusable)


def test_null_is_empty_but_a_reported_value_is_not() -> None:
    assert is_empty(None)
    assert is_empty(scalar(None))
    assert not is_empty(scalar(None, reported=True))
    assert text_of(scalar("x")) == "x"
    assert text_of(scalar(1)) is None


@pytest.mark.parametrize(
    ("node", "kind", "text"),
    [
        (TREE, "a mapping", "a mapping"),
        (TREE.entries["a"], "a list", "a list"),
        (scalar("x"), "text", '"x"'),
        (scalar(True), "true or false", "True"),
        (scalar(1.5), "a number", "1.5"),
        (scalar(None), "nothing", "nothing"),
    ],
)
def test_a_node_is_shown_in_messages(node: Node, kind: str, text: str) -> None:
    assert (kind_of(node), shown(node)) == (kind, text)
