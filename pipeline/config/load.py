"""Loading a configuration file, or reporting all its problems."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .declarations import (
    BUILT_IN,
    Config,
    Tables,
)
from .nodes import Position, Problems, read_json, read_yaml
from .reader import Reader
from .viam import package_folders

MAX_BYTES = 1_000_000


def load(path: str | Path, *, tables: Tables = BUILT_IN) -> Config:
    """Read a configuration: JSON when the name ends in ``.json``, YAML otherwise. No model is loaded.

    Args:
        path: The file.
        tables: What can be declared.

    Raises:
        ConfigError: with everything that is wrong, in the order of the file.
    """
    file, problems = str(path), Problems(str(path))
    if not file:
        raise Problems("configuration").fatal(None, "the name of the file is empty")
    try:
        with open(path, "rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise problems.fatal(None, "no such file") from None
    except IsADirectoryError:
        raise problems.fatal(None, "is a folder, not a file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise problems.fatal(None, f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise problems.fatal(None, f"is too large, more than {MAX_BYTES} bytes")
    return parse(_decoded(content, problems), file, Path(path).absolute().parent, tables=tables)


def parse(
    text: str,
    file: str,
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    tables: Tables = BUILT_IN,
) -> Config:
    """Read a configuration that is already in memory.

    Args:
        text: What the file holds.
        file: Its name, as problems shall call it; ``.json`` at its end makes it JSON.
        folder: What relative paths in it are relative to.
        environment: Where variables come from; the process's.
        tables: What can be declared.

    Raises:
        ConfigError: with everything that is wrong, in the order of the file.
    """
    problems = Problems(file)
    if len(text) > MAX_BYTES:
        raise problems.fatal(None, f"is too large, more than {MAX_BYTES} bytes")
    text, variables = text.removeprefix("\ufeff"), os.environ if environment is None else environment
    if file.lower().endswith(".json"):
        root = read_json(text, problems, {**variables, **package_folders(text, folder)})
    else:
        root = read_yaml(text, problems, variables)
    config = Reader(problems, folder, Path(file), tables).config(root)
    if problems:
        raise problems.error()
    return config


def _decoded(content: bytes, problems: Problems) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        message = f"is not UTF-8 text, byte 0x{content[error.start]:02x}"
        raise problems.fatal(Position(line, column), message) from None
