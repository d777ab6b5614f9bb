from __future__ import annotations

import ast
from pathlib import Path

import pytest

import transforms
from cameras import Attributes
from tests.transforms.refusals import refusals
from transforms import ALIASES, TRANSFORMS


def test_every_transform_in_the_folder_is_in_the_table() -> None:
    """A class with a ``type_name`` of its own is a transform."""
    defined: set[str] = set()
    for path in Path(transforms.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AnnAssign | ast.Assign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(ast.unparse(target) == "type_name" for target in targets):
                    defined.add(ast.literal_eval(node.value))
    assert defined == set(TRANSFORMS)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_table_agrees_with_the_classes(name: str) -> None:
    transform = TRANSFORMS[name]
    assert transform.type_name == name
    assert issubclass(transform.attributes_type, Attributes)
    assert transform.__doc__ and transform.attributes_type.__doc__


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_attribute_is_described(name: str) -> None:
    for field, info in TRANSFORMS[name].attributes_type.model_fields.items():
        assert info.description, field


@pytest.mark.parametrize("name", TRANSFORMS)
def test_an_unknown_attribute_is_refused(name: str) -> None:
    assert ("widht", "Extra inputs are not permitted") in refusals(TRANSFORMS[name].attributes_type, widht=1)


def test_an_empty_type_means_identity() -> None:
    assert ALIASES[""] == "identity"
    assert set(ALIASES.values()) <= set(TRANSFORMS)
