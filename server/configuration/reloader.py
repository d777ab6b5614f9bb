"""The configuration of a running server: it follows the file, and values that are changed live."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import (
    Changes,
    Config,
    ConfigError,
    Graph,
    Problem,
    Stamp,
    UnknownSecret,
    bug_message,
    files_of,
    stamp_of,
    with_secrets,
    with_values,
    without_secrets,
)

from .file import ConfigFile, FileState, version_of
from .live import LiveValues, applied, changed, kept
from .writing import replace_text

logger = logging.getLogger(__name__)

_MISSING = re.compile(r"no such file: (.+)")
DOT = "\u2022"
"""Several of them stand for a secret in :meth:`Reloader.read_text`."""


class Conflict(Exception):
    """The file is not the one that a change was made for."""


@dataclass(frozen=True)
class Reloaded:
    """What a reload did.

    Attributes:
        changed: The names of the cameras and services that were added, changed or removed.
        restart_needed: The keys whose new values need a restart, such as ``server.port``.
    """

    changed: tuple[str, ...]
    restart_needed: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """How the configuration that is served and the file stand to each other.

    Attributes:
        file: The name of the file, without its folder.
        version: Changes with every configuration that is read or refused, and with live values.
        problems: Why the file, as it is now, cannot be served; empty if it is.
        restart_needed: The keys whose new values need a restart.
        unsaved: The values that were changed live and are not in the file.
    """

    file: str
    version: str
    problems: tuple[Problem, ...]
    restart_needed: tuple[str, ...]
    unsaved: tuple[LiveValues, ...]


class Reloader:
    """Applies the file again, live values, and texts from the editor to a graph.

    All methods may block while models are loaded; call them on any thread but that of the event loop. One change is
    made after the other. What is refused changes nothing.

    Args:
        file: The file.
        graph: The running graph, made from what the file said first.
        on_change: Called after each change.
    """

    def __init__(self, file: ConfigFile, graph: Graph, on_change: Callable[[], object]) -> None:
        self.file = file
        self._graph = graph
        self._on_change = on_change
        self._lock = threading.Lock()
        self._state = file.first
        self._values: tuple[LiveValues, ...] = ()
        self._problems: tuple[Problem, ...] = ()
        self._stamps: dict[Path, Stamp | None] = {}  # of the files, after they were written here
        self._refused: Config | None = None  # the last one that was read but could not be served

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    def files(self) -> Collection[Path]:
        """Return the files whose changes a reload applies."""
        refused = self._refused
        missing = [Path(match[1]) for problem in self._problems if (match := _MISSING.search(problem.message))]
        return {self.path, *files_of(self._graph.config), *(files_of(refused) if refused else ()), *missing}

    @property
    def status(self) -> Status:
        """How the file and what is served stand to each other. Does not block."""
        state, values, problems = self._state, self._values, self._problems
        parts = [version_of(state.text), *map(str, problems), *(repr(each.to_wire()) for each in values)]
        version = version_of("\n".join(parts))
        return Status(self.path.name, version, problems, state.restart_needed, values)

    def reload(self) -> Reloaded:
        """Apply the file as it is now. Live values stay where their transform did not change in the file.

        Raises:
            ConfigError: The file cannot be served; what is served continues.
            RuntimeError: The graph is closed, or the system gives no more threads.
        """
        with self._lock:
            return self._reload()

    def follow(self) -> bool:
        """Apply the file if it has changed since it was last read or written here.

        Returns:
            As :meth:`try_reload`.
        """
        stamps = {path: stamp_of(path) for path in self.files()}
        return stamps == self._stamps or self.try_reload()

    def try_reload(self) -> bool:
        """Apply the file as it is now; what is wrong with it goes to the log and the status.

        Returns:
            Whether there is nothing left to do until the file changes again.
        """
        try:
            self.reload()
        except ConfigError:
            pass
        except Exception:  # such as a bug of a plugin; it is a problem of the status by now
            logger.debug("reload", exc_info=True)
            return self._graph.closed
        return True

    def patch(self, camera: str, index: int, attributes: Mapping[str, Any]) -> None:
        """Change attributes of a transform; the file stays as it is.

        Args:
            camera: The camera.
            index: The number of its transform, from 0.
            attributes: The attributes, as in JSON; ``None`` goes back to the default.

        Raises:
            ConfigError: The attributes are invalid, or their model cannot be used.
            LookupError: There is no such camera or transform.
            RuntimeError: The graph is closed.
        """
        with self._lock:
            values = changed(self._state.config, self._values, camera, index, attributes)
            self._graph.reconfigure(applied(self._state.config, values))
            self._values = values
        self._on_change()

    def parse(self, text: str) -> Config:
        """Return what would be served with a text of :meth:`read_text`, perhaps changed, in place of the file's.

        Raises:
            ConfigError: It is invalid, or cannot be served.
        """
        return self.file.state_of(self._with_secrets(text)).config

    def problems_of(self, text: str, *, models: bool = True) -> list[Problem]:
        """Return what is wrong with a text in place of the file's, as a reload would say it.

        Args:
            text: The text.
            models: Whether to load the models that are new.
        """
        try:
            text = self._with_secrets(text)
        except ConfigError as error:
            return list(error.problems)
        return self.file.problems_of(text, self._graph if models else None)

    def read_text(self) -> tuple[str, str]:
        """Return the text of the file with dots in place of secrets, and its version.

        Raises:
            ConfigError: The file cannot be read.
        """
        text = self.file.text()
        return without_secrets(text, json=self.file.is_json), version_of(text)

    def write(self, text: str, version: str) -> tuple[Reloaded, str]:
        """Write a text into the file, and apply it.

        Args:
            text: The text; dots that stand for a secret are replaced by it.
            version: The version of the text that this one was made from.

        Returns:
            What changed, and the new version.

        Raises:
            ConfigError: The text cannot be served; the file is as before.
            Conflict: The file has changed since.
            OSError: The file cannot be written.
        """
        with self._lock:
            before = self._text_of(version)
            text = self._with_secrets(text, before)
            state = self.file.state_of(text)
            if state.config.plugin_files != self._state.config.plugin_files:
                message = "plugins can only be changed in the file itself, since they are programs"
                raise ConfigError([self.file.problem(message)])
            values = kept(self._state.config, state.config, self._values)
            reloaded = self._take(state, values, instead_of=before)
        self._on_change()
        return reloaded, version_of(text)

    def save(self) -> tuple[tuple[LiveValues, ...], str]:
        """Write the live values into the file, and nothing else; return them and the new version.

        Raises:
            ConfigError: The file, as it is now, cannot be served with them.
            Conflict: The file has changed, so that they do not fit any more.
            OSError: The file cannot be written.
        """
        with self._lock:
            values, text = self._values, self.file.text()
            if text != self._state.text:
                self._reload()
                if len(self._values) < len(values):
                    raise Conflict(f"{self.path.name} has changed meanwhile, and is applied; some values no longer fit")
                values = self._values
            changes = [
                (("cameras", each.camera, "attributes", "pipeline", each.transform, "attributes", name), value)
                for each in values
                for name, value in each.attributes.items()
            ]
            if changes:
                before = self.file.text()
                try:
                    text = with_values(before, changes, json=self.file.is_json)
                except ValueError as error:
                    raise Conflict(str(error)) from None
                self._take(self.file.state_of(text), (), instead_of=before)
        self._on_change()
        return values, version_of(text)

    def _reload(self) -> Reloaded:
        state: FileState | None = None
        try:
            state = self.file.read()
            reloaded = self._take(state, kept(self._state.config, state.config, self._values))
        except ConfigError as error:
            self._refuse(error.problems, state)
            raise
        except Exception as error:
            if not self._graph.closed:
                self._refuse([self.file.problem(f"cannot be applied: {bug_message(error)}")], state)
            raise
        self._on_change()
        return reloaded

    def _with_secrets(self, text: str, before: str | None = None) -> str:
        """Return a text with the file's secrets in place of the dots that stand for them."""
        if DOT not in text:
            return text
        try:
            return with_secrets(text, self.file.text() if before is None else before, json=self.file.is_json)
        except UnknownSecret as error:
            problem = Problem(str(self.path), error.line, error.column, error.path, error.reason)
            raise ConfigError([problem]) from None

    def _text_of(self, version: str) -> str:
        text = self.file.text()
        if version_of(text) != version:
            raise Conflict(f"{self.path.name} has changed since you opened it")
        return text

    def _take(self, state: FileState, values: tuple[LiveValues, ...], *, instead_of: str | None = None) -> Reloaded:
        """Serve a state of the file with values.

        With ``instead_of``, it is written in place of that text before, so that nothing is served that is not in the
        file.

        Raises:
            Conflict: The file has another text than that by now.
        """
        if instead_of is not None:
            self._graph.check(applied(state.config, values))
            if self.file.text() != instead_of:
                raise Conflict(f"{self.path.name} has changed meanwhile")
            replace_text(self.path, state.text)
        try:
            changes = self._graph.reconfigure(applied(state.config, values))
        except ConfigError as error:
            if not values:
                raise
            changes = self._graph.reconfigure(state.config)
            logger.warning("the values that were changed live no longer fit, and are dropped: %s", error)
            values = ()
        self._state, self._values, self._problems, self._refused = state, values, (), None
        self._stamps = {path: stamp_of(path) for path in self.files()} if instead_of is not None else {}
        names = _names(changes)
        self._log(names, state)
        return Reloaded(names, state.restart_needed)

    def _refuse(self, problems: Sequence[Problem], state: FileState | None) -> None:
        """Remember why the file is not served."""
        self._refused = None if state is None else state.config
        if tuple(problems) == self._problems:
            return
        self._problems = tuple(problems)
        logger.error("the configuration is not applied, and what is served continues, because of:")
        for problem in problems:
            logger.error("%s", problem)
        self._on_change()

    def _log(self, names: Sequence[str], state: FileState) -> None:
        logger.info("configuration applied, changed: %s", ", ".join(names) or "nothing")
        if state.restart_needed:
            logger.warning("these changes need a restart: %s", ", ".join(state.restart_needed))


def _names(changes: Changes) -> tuple[str, ...]:
    """Return the names of what was added, changed or removed, cameras first."""
    parts = (changes.cameras, changes.services)
    return tuple(dict.fromkeys(name for part in parts for name in (*part.added, *part.changed, *part.removed)))
