"""A start-up check that libraries still have the private names that the program uses."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib.metadata import version


class UnsuitableLibrary(RuntimeError):
    """The installed version of a library lacks a private name that the program uses; the message names both."""


def require_internals(distribution: str, wanted: Iterable[tuple[object, str]], *, missing: Iterable[str] = ()) -> None:
    """Check for private attributes of a library.

    Args:
        distribution: Name of the library's distribution.
        wanted: Pairs of an object or class and the name of a required attribute.
        missing: Names that a check of the caller did not find.

    Raises:
        UnsuitableLibrary: The version in use lacks some of them.
    """
    names = [f"{_name(owner)}.{attribute}" for owner, attribute in wanted if not hasattr(owner, attribute)]
    names += missing
    if names:
        raise UnsuitableLibrary(f"{distribution} {version(distribution)} cannot be used: it has no {', '.join(names)}")


def sets_attribute(function: object, attribute: str) -> bool:
    """Return whether a function mentions an attribute, for attributes that exist only after a method has run."""
    code = getattr(function, "__code__", None)
    return code is not None and attribute in code.co_names


def _name(owner: object) -> str:
    return owner.__name__ if inspect.isclass(owner) or inspect.ismodule(owner) else type(owner).__name__
