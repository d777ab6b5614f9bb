"""Error messages in place of pydantic's, with the valid values from the model's JSON Schema."""

from __future__ import annotations

import math
from collections import abc
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ..nodes import (
    Address,
    MappingNode,
    Node,
    Problems,
    ScalarNode,
    SequenceNode,
    find,
    is_unknown,
    kind_of,
    quoted,
    shown,
    text_of,
)
from .reserved import UNAVAILABLE, is_reserved_key, is_reserved_value

# The wanted type by pydantic's error type.
_WANTED = {
    "string_type": "text",
    "path_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "nothing",
}
_BLOCKS = frozenset({"a list", "a mapping"})
_BOUNDS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})


@dataclass(frozen=True)
class Block:
    """A block being validated.

    Attributes:
        model: Its model.
        node: The block in the file.
        address: Its address.
        problems: Where to report.
        hints: Messages by unknown key, in place of the usual one.
    """

    model: type[BaseModel]
    node: Node
    address: Address
    problems: Problems
    hints: abc.Mapping[str, str]


def report(block: Block, inner: Address, found: list[ErrorDetails]) -> None:
    """Report the errors at one address; the members of a union cause one error each."""
    node, _ = find(block.node, inner)
    found = [detail for detail in found if not _is_consequence(node, detail)]
    if not found:
        return
    if isinstance(node, ScalarNode) and node.reported:
        return
    types = {detail["type"] for detail in found}
    position = node.position
    if types == {"extra_forbidden"}:
        parent, _ = find(block.node, inner[:-1])
        if isinstance(parent, MappingNode):
            position = parent.keys[str(inner[-1])]
        message = _unknown_key(block, inner)
    else:
        specific = [detail for detail in found if detail["type"] not in _WANTED]
        message = _specific(block, inner, node, specific[0]) if specific else _wrong_type(block, inner, node, found)
        if "model_type" in types:  # one member of the union is a block, the others are words
            message = message.replace("must be one of:", "must be a mapping, or one of:")
    block.problems.add(position, (*block.address, *inner), message)


def _is_consequence(node: Node, detail: ErrorDetails) -> bool:
    """Return whether a list is too short only because pydantic does not count its invalid, reported entries."""
    return (
        detail["type"] == "too_short"
        and isinstance(node, SequenceNode)
        and len(node.items) >= detail.get("ctx", {})["min_length"]
    )


def _unknown_key(block: Block, inner: Address) -> str:
    key = str(inner[-1])
    if is_reserved_key((*block.address, *inner)):
        return UNAVAILABLE
    if len(inner) == 1 and key in block.hints:
        return block.hints[key]
    known = [name for schema in _schemas(block.model, inner[:-1]) for name in schema.get("properties", ())]
    return is_unknown(block.problems, "unknown key", key, known)


def _wrong_type(block: Block, inner: Address, node: Node, found: list[ErrorDetails]) -> str:
    wanted = list(dict.fromkeys(_WANTED[detail["type"]] for detail in found))
    got = _got(block, inner, node)
    if isinstance(node, ScalarNode) and isinstance(node.value, float) and not math.isfinite(node.value):
        return f"must be {_bounds(block, inner) or 'a finite number'}, got {got}"
    if _BLOCKS.issuperset(wanted):
        got = kind_of(node)
    return f"must be {' or '.join(wanted)}, got {got}"


def _specific(block: Block, inner: Address, node: Node, detail: ErrorDetails) -> str:
    what, context = detail["type"], detail.get("ctx", {})
    if what == "missing":
        return "is missing"
    if what in _BOUNDS:
        return f"must be {_bounds(block, inner)}, got {_got(block, inner, node)}"
    if what in ("literal_error", "enum"):
        return _not_one_of(block, inner, node)
    if what == "too_short":
        return _count("at least", context["min_length"], context["actual_length"])
    if what == "too_long":
        return _count("at most", context["max_length"], context["actual_length"])
    if what == "string_too_short":
        return "must not be empty" if context["min_length"] == 1 else f"must have {context['min_length']} characters"
    if what == "string_too_long":
        return f"must be at most {context['max_length']} characters long, got {_got(block, inner, node)}"
    if what == "value_error":
        return str(context["error"])
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, got {_got(block, inner, node)}"


def _got(block: Block, inner: Address, node: Node) -> str:
    """Return a value as messages show it; of a secret only its type."""
    is_secret = any(schema.get("writeOnly") for schema in _schemas(block.model, inner))
    return kind_of(node) if is_secret else shown(node)


def _count(bound: str, wanted: int, got: int) -> str:
    return f"must have {bound} {wanted} {'entry' if wanted == 1 else 'entries'}, got {got or 'none'}"


def _not_one_of(block: Block, inner: Address, node: Node) -> str:
    words = [
        str(word)
        for schema in _schemas(block.model, inner)
        for word in (schema.get("enum") or [schema[key] for key in ("const",) if key in schema])
    ]
    return not_one_of(block.problems, str(inner[-1]), node, words)


def not_one_of(
    problems: Problems, key: str, node: Node, words: abc.Collection[str], aliases: abc.Collection[str] = ()
) -> str:
    """Return the message for the value of a key that is not one of the allowed words or their aliases."""
    if is_reserved_value(key, text_of(node)):
        return f"{shown(node)} {UNAVAILABLE}"
    message = f"must be one of: {', '.join(words)}; got {shown(node)}"
    near = problems.nearest(node.text, (*words, *aliases)) if isinstance(node, ScalarNode) else None
    return f"{message} (did you mean {quoted(near)}?)" if near is not None else message


def _bounds(block: Block, inner: Address) -> str:
    """Return the allowed range of a value as text; empty without one."""
    for schema in _schemas(block.model, inner):
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None and high is not None:
            return f"between {_number(low)} and {_number(high)}"
        parts = [
            f"{words} {_number(schema[key])}"
            for key, words in (
                ("minimum", "at least"),
                ("exclusiveMinimum", "greater than"),
                ("maximum", "at most"),
                ("exclusiveMaximum", "less than"),
            )
            if key in schema
        ]
        if parts:
            return " and ".join(parts)
    return ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _schemas(model: type[BaseModel], inner: Address) -> list[dict[str, Any]]:
    """Return the JSON Schemas of the values allowed at an address inside the model, one per union member.

    The JSON Schema describes the bounds and words of all fields in the same way; pydantic's own core schema does not.
    """
    root = _schema(model)
    current = list(_alternatives(root, root))
    for step in inner:
        found: list[dict[str, Any]] = []
        for schema in current:
            child = _child(schema, step)
            if isinstance(child, dict):
                found += _alternatives(root, child)
        current = found
    return current


def _child(schema: dict[str, Any], step: str | int) -> Any:
    if isinstance(step, str):
        return schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    prefix = schema.get("prefixItems", ())
    return prefix[step] if step < len(prefix) else schema.get("items")


def _alternatives(root: dict[str, Any], schema: dict[str, Any]) -> abc.Iterator[dict[str, Any]]:
    if "$ref" in schema:
        yield from _alternatives(root, root["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _alternatives(root, branch)
    yield schema
