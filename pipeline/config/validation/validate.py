"""Validating one block of the file with its pydantic model, and reporting errors at their positions."""

from __future__ import annotations

from collections import abc, defaultdict
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..nodes import Address, MappingNode, Node, Problems, ScalarNode, find, plain, replaced, typed
from .messages import Block, report

M = TypeVar("M", bound=BaseModel)

NO_HINTS: abc.Mapping[str, str] = MappingProxyType({})

# Errors that coercing a text can fix.
_COERCED_ERRORS = frozenset({"int_type", "float_type", "bool_type", "none_required"})
# How a word or a text refuses a mapping that another member of its union accepts.
_OF_OTHER_MEMBERS = frozenset({"literal_error", "string_type"})


def validated(
    model: type[M],
    node: Node,
    address: Address,
    problems: Problems,
    folder: Path,
    hints: abc.Mapping[str, str] = NO_HINTS,
) -> M | None:
    """Return the block as an instance of its model; None, with problems reported, when it is invalid.

    Args:
        model: The model.
        node: The block.
        address: Its address.
        problems: Where to report.
        folder: What relative paths are relative to.
        hints: Messages by unknown key, in place of the usual one.
    """
    try:
        return model.model_validate(plain(node), context={"folder": folder})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    except Exception as error:  # the validators of a plugin can raise anything
        problems.add(node.position, address, f"{model.__name__} cannot check it: {type(error).__name__}: {error}")
        return None
    if (coerced := _coerced(node, details)) is not node:
        return validated(model, coerced, address, problems, folder, hints)
    by_address: dict[Address, list[ErrorDetails]] = defaultdict(list)
    for detail in details:
        by_address[_real(node, detail)].append(detail)
    outer = {inner[:length] for inner in by_address for length in range(len(inner))}
    for inner, found in by_address.items():
        # Other members of a union refuse a mapping as a whole; the errors inside it say more.
        if inner in outer and {detail["type"] for detail in found} <= _OF_OTHER_MEMBERS:
            continue
        report(Block(model, node, address, problems, hints), inner, found)
    return None


def _coerced(node: Node, details: abc.Iterable[ErrorDetails]) -> Node:
    """Return the block with coercible texts converted to numbers, booleans or null where the model wants those."""
    for detail in details:
        inner, address = find(node, tuple(detail["loc"]))
        if detail["type"] in _COERCED_ERRORS and isinstance(inner, ScalarNode) and inner.coercible:
            node = replaced(node, address, ScalarNode(inner.position, typed(inner.text), inner.text, inner.reported))
    return node


def partial_instance(model: type[M], node: MappingNode, folder: Path) -> tuple[M | None, MappingNode]:
    """Return an instance of only the valid keys of a block, for further checks.

    Returns:
        The instance, None when a required key is invalid; and the block without the invalid keys.
    """
    try:
        return model.model_validate(plain(node), context={"folder": folder}), node
    except ValidationError as error:
        wrong = {str(detail["loc"][0]) for detail in error.errors(include_url=False) if detail["loc"]}
    except Exception:  # reported by validated
        return None, node
    rest = node.without(*wrong)
    try:
        return model.model_validate(plain(rest), context={"folder": folder}), rest
    except Exception:  # reported by validated
        return None, rest


def _real(node: Node, detail: ErrorDetails) -> Address:
    """Return the address of an error without pydantic's names of union members; a missing key stays in it."""
    location = tuple(detail["loc"])
    if detail["type"] == "missing":
        return (*find(node, location[:-1])[1], location[-1])
    return find(node, location)[1]
