"""Loading a configuration file, with all its problems in one error."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Mapping
from pathlib import Path

from .declarations import (
    BUILT_IN,
    Config,
    Tables,
)
from .nodes import MappingNode, Node, Position, Problems, read_json, read_yaml
from .plugins import with_files
from .reader import PLUGINS, Reader
from .viam import is_machine_file, package_folders

MAX_BYTES = 1_000_000
SILENT_S = 5.0
"""How long a pipe may give nothing."""


def load(path: str | Path, *, tables: Tables = BUILT_IN, run_plugins: bool = False) -> Config:
    """Read a configuration file: JSON if its name ends in ``.json``, YAML otherwise. Loads no model.

    Args:
        path: The file.
        tables: The kinds that it can declare.
        run_plugins: Whether to run the Python files listed under ``plugins:`` and add their kinds. Set it only for a
            file that the user of this machine has named. Otherwise the key ``plugins`` is refused.

    Raises:
        ConfigError: With every problem of the file, in the order of the file.
    """
    problems = Problems(str(path))
    text = _text(path, problems)
    folder = Path(path).absolute().parent
    return _parsed(text, Path(path), folder, os.environ, tables, problems, run_plugins, run_plugins)


def read_text(path: str | Path) -> str:
    """Return the text of a configuration file, without a byte order mark; for :func:`parse`.

    Raises:
        ConfigError: It cannot be read.
    """
    return _text(path, Problems(str(path)))


def load_plugins(path: str | Path, tables: Tables) -> Tables:
    """Run the plugin files that a configuration lists, and return the tables with their kinds.

    Only the key ``plugins`` is checked, not the rest of the configuration.

    Args:
        path: The configuration file.
        tables: The kinds that exist without the plugin files.

    Raises:
        ConfigError: The configuration or a plugin file cannot be read or used.
    """
    problems = Problems(str(path))
    folder = Path(path).absolute().parent
    root = _root(_text(path, problems), str(path), folder, os.environ, Problems(str(path)))
    return _with_plugins(root, folder, tables, problems)


def _text(path: str | Path, problems: Problems) -> str:
    """Return the text of a file.

    Raises:
        ConfigError: It cannot be read.
    """
    file = str(path)
    if not file:
        raise Problems("configuration").fatal(None, "the name of the file is empty")
    try:
        content = _content(path)
    except TimeoutError:
        raise problems.fatal(None, f"is a pipe or a device that has given nothing for {SILENT_S:g} s") from None
    except FileNotFoundError:
        raise problems.fatal(None, "no such file") from None
    except IsADirectoryError:
        raise problems.fatal(None, "is a folder, not a file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise problems.fatal(None, f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise problems.fatal(None, f"is too large, more than {MAX_BYTES} bytes")
    return _decoded(content, problems)


def _content(path: str | Path) -> bytes:
    """Return the bytes of a file, or of a pipe as in ``check <(sed ... camera.yaml)``; too many are cut.

    Raises:
        OSError: It cannot be read; as a ``TimeoutError``, a pipe that gives nothing.
    """
    # Without blocking: a pipe that nobody writes to could not even be opened.
    opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        is_file = stat.S_ISREG(os.fstat(opened).st_mode)
        poll = select.poll()
        poll.register(opened, select.POLLIN)
        content = b""
        while len(content) <= MAX_BYTES:
            if not is_file and not poll.poll(SILENT_S * 1000):
                raise TimeoutError
            try:
                chunk = os.read(opened, MAX_BYTES + 1 - len(content))
            except BlockingIOError:  # another reader was faster
                continue
            if not chunk:
                break
            content += chunk
        return content
    finally:
        os.close(opened)


def parse(
    text: str,
    file: str,
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    tables: Tables = BUILT_IN,
    plugins_are_loaded: bool = False,
) -> Config:
    """Read a configuration from a text. No plugin file is run.

    Args:
        text: The content of the file.
        file: The file name for messages. If it ends in ``.json``, the text is JSON.
        folder: The folder that relative paths start from.
        environment: The environment variables; default: those of the process.
        tables: The kinds that it can declare.
        plugins_are_loaded: Whether the tables have the kinds of the files under ``plugins:``. Otherwise that key is
            refused.

    Raises:
        ConfigError: With every problem of the text, in its order.
    """
    problems = Problems(file)
    variables = os.environ if environment is None else environment
    return _parsed(text, Path(file), folder, variables, tables, problems, plugins_are_loaded, False)


def _parsed(
    text: str,
    path: Path,
    folder: Path,
    environment: Mapping[str, str],
    tables: Tables,
    problems: Problems,
    allows_plugins: bool,
    run_plugins: bool,
) -> Config:
    root = _root(text, problems.file, folder, environment, problems)
    if run_plugins:
        tables = _with_plugins(root, folder, tables, problems)
    config = Reader(problems, folder, path, tables, allows_plugins=allows_plugins).config(root)
    if problems:
        if allows_plugins and not run_plugins and config.plugin_files != tables.files:
            position = root.keys.get(PLUGINS) if isinstance(root, MappingNode) else None
            message = "lists other files than those that are loaded; restart the program to load them"
            problems.add(position, (PLUGINS,), message)
        raise problems.error()
    return config


def _root(text: str, file: str, folder: Path, environment: Mapping[str, str], problems: Problems) -> Node | None:
    if len(text) > MAX_BYTES:
        raise problems.fatal(None, f"is too large, more than {MAX_BYTES} bytes")
    text = text.removeprefix("\ufeff")
    if file.lower().endswith(".json"):
        return read_json(text, problems, {**environment, **package_folders(text, folder)})
    return read_yaml(text, problems, environment)


def _with_plugins(root: Node | None, folder: Path, tables: Tables, problems: Problems) -> Tables:
    """Return the tables with the kinds of the plugin files that a configuration lists.

    Raises:
        ConfigError: A plugin file cannot be used. Reading stops there: further problems may be consequences.
    """
    if not isinstance(root, MappingNode) or is_machine_file(root) or PLUGINS not in root.entries:
        return tables.without_files or tables
    found = Problems(problems.file)
    tables = with_files(tables, root.entries[PLUGINS], folder, found)
    if found:
        raise found.error()
    return tables


def _decoded(content: bytes, problems: Problems) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        message = f"is not UTF-8 text, byte 0x{content[error.start]:02x}"
        raise problems.fatal(Position(line, column), message) from None
