"""A check, at the start, that a library still has the private names that the program uses of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib.metadata import version


class UnsuitableLibrary(RuntimeError):
    """The installed version of a library lacks something private that the program uses; the message names both."""


def require_internals(distribution: str, wanted: Iterable[tuple[object, str]], *, missing: Iterable[str] = ()) -> None:
    """Look for private attributes of a library.

    Args:
        distribution: The library, by the name under which it is installed.
        wanted: Pairs of an object or a class and the name of an attribute that it must have.
        missing: What a check of the caller's own did not find.

    Raises:
        UnsuitableLibrary: The version in use lacks some of them.
    """
    names = [f"{_name(owner)}.{attribute}" for owner, attribute in wanted if not hasattr(owner, attribute)]
    names += missing
    if names:
        raise UnsuitableLibrary(f"{distribution} {version(distribution)} cannot be used: it has no {', '.join(names)}")


def sets_attribute(function: object, attribute: str) -> bool:
    """Whether a function mentions an attribute: for those that an object has only once a method ran."""
    code = getattr(function, "__code__", None)
    return code is not None and attribute in code.co_names


def _name(owner: object) -> str:
    return owner.__name__ if inspect.isclass(owner) or inspect.ismodule(owner) else type(owner).__name__
