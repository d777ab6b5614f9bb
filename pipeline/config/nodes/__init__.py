"""Reading YAML and JSON text into nodes with positions, and collecting problems at those positions."""

from .json_reader import read_json
from .problems import Address, ConfigError, Position, Problem, Problems, is_unknown, path_text, quoted
from .scalars import expanded, placeholders, typed, unusable
from .spans import AliasSpan, ListSpan, MappingSpan, ScalarSpan, Span, read_spans
from .tree import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    find,
    is_empty,
    kind_of,
    node_of,
    plain,
    replaced,
    shown,
    text_of,
)
from .yaml_reader import FORBIDDEN, read_yaml

__all__ = [
    "FORBIDDEN",
    "Address",
    "AliasSpan",
    "ConfigError",
    "ListSpan",
    "MappingNode",
    "MappingSpan",
    "Node",
    "Position",
    "Problem",
    "Problems",
    "ScalarNode",
    "ScalarSpan",
    "SequenceNode",
    "Span",
    "expanded",
    "find",
    "is_empty",
    "is_unknown",
    "kind_of",
    "node_of",
    "path_text",
    "placeholders",
    "plain",
    "quoted",
    "read_json",
    "read_spans",
    "read_yaml",
    "replaced",
    "shown",
    "text_of",
    "typed",
    "unusable",
]
