"""Reading YAML and JSON text into nodes with positions, and collecting problems at those positions."""

from .json_reader import read_json
from .problems import Address, ConfigError, Position, Problem, Problems, is_unknown, quoted
from .scalars import typed
from .tree import MappingNode, Node, ScalarNode, SequenceNode, find, is_empty, kind_of, plain, replaced, shown, text_of
from .yaml_reader import read_yaml

__all__ = [
    "Address",
    "ConfigError",
    "MappingNode",
    "Node",
    "Position",
    "Problem",
    "Problems",
    "ScalarNode",
    "SequenceNode",
    "find",
    "is_empty",
    "is_unknown",
    "kind_of",
    "plain",
    "quoted",
    "read_json",
    "read_yaml",
    "replaced",
    "shown",
    "text_of",
    "typed",
]
