"""One block of the file against its pydantic model: an instance, or all that is wrong with it noted at its place."""

from __future__ import annotations

from collections import abc, defaultdict
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..nodes import Address, MappingNode, Node, Problems, ScalarNode, find, plain, replaced, typed
from .wording import Block, note

M = TypeVar("M", bound=BaseModel)

NO_STRANGERS: abc.Mapping[str, str] = MappingProxyType({})

# Errors of a pliant text that may be meant as something else.
_NO_TEXT = frozenset({"int_type", "float_type", "bool_type", "none_required"})


def validated(
    model: type[M],
    node: Node,
    address: Address,
    problems: Problems,
    folder: Path,
    strangers: abc.Mapping[str, str] = NO_STRANGERS,
) -> M | None:
    """Give the block as an instance of its model; None when it is wrong, which ``problems`` then tells.

    Args:
        model: What the block should be.
        node: The block.
        address: Where it stands.
        problems: Where to note what is wrong.
        folder: What relative paths are relative to.
        strangers: What to say of certain unknown keys.
    """
    try:
        return model.model_validate(plain(node), context={"folder": folder})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    if (bent := _bent(node, details)) is not node:
        return validated(model, bent, address, problems, folder, strangers)
    by_address: dict[Address, list[ErrorDetails]] = defaultdict(list)
    for detail in details:
        by_address[_real(node, detail)].append(detail)
    for inner, found in by_address.items():
        note(Block(model, node, address, problems, strangers), inner, found)
    return None


def _bent(node: Node, details: abc.Iterable[ErrorDetails]) -> Node:
    """Give the block with every pliant text that should have been a number or the like as what it looks like."""
    for detail in details:
        inner, address = find(node, tuple(detail["loc"]))
        if detail["type"] in _NO_TEXT and isinstance(inner, ScalarNode) and inner.pliant:
            node = replaced(node, address, ScalarNode(inner.position, typed(inner.text), inner.text, inner.reported))
    return node


def salvaged(model: type[M], node: MappingNode, folder: Path) -> tuple[M | None, MappingNode]:
    """Give what the right keys of a wrong block make by themselves, so that they can be looked at further.

    Returns:
        The instance, or None when the wrong keys cannot be left out; and the block without them.
    """
    try:
        return model.model_validate(plain(node), context={"folder": folder}), node
    except ValidationError as error:
        wrong = {str(detail["loc"][0]) for detail in error.errors(include_url=False) if detail["loc"]}
    rest = node.without(*wrong)
    try:
        return model.model_validate(plain(rest), context={"folder": folder}), rest
    except ValidationError:
        return None, rest


def _real(node: Node, detail: ErrorDetails) -> Address:
    """Give the address without the names of alternatives that pydantic puts into it; a missing key stays."""
    location = tuple(detail["loc"])
    if detail["type"] == "missing":
        return (*find(node, location[:-1])[1], location[-1])
    return find(node, location)[1]
