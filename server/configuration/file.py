"""The configuration file of a server: what it says now, and the configuration to serve."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from typing import NamedTuple

from pipeline import Config, ConfigError, Graph, Problem, ServerConfig, files_of, parse, read_text, stamp_of

from ..program import UsageError, is_loopback
from .options import ServeOptions, apply_options

LIVE = frozenset({"allow_image_urls", "ice", "limits", "tokens"})
"""The keys of ``server:`` whose new values hold at once. The others are read when the server starts."""


class FileState(NamedTuple):
    """What a file says.

    Attributes:
        text: Its text.
        config: The configuration to serve.
        restart_needed: The keys whose new values need a restart, such as ``server.port``.
    """

    text: str
    config: Config
    restart_needed: tuple[str, ...]


class ConfigFile:
    """The file that a server was started with. It reads texts as that server would serve them.

    Args:
        config: The configuration that the server is started with, without the options.
        options: The options of the command line.
        watched: Whether the server shall follow the file.
        editable: Whether pages may change it; default: if only programs of this machine reach the server, and there are
            no tokens.

    Attributes:
        path: The file.
        served: The configuration with the options.
        is_watched: Whether the server follows the file.
        is_editable: Whether pages may change it.
        stamps: Those of the files that were read.

    Raises:
        UsageError: The options and the file do not fit.
    """

    def __init__(
        self,
        config: Config,
        options: ServeOptions = ServeOptions(),  # noqa: B008  # it is immutable
        *,
        watched: bool = False,
        editable: bool = False,
    ) -> None:
        self.path = config.path
        self._started = config
        self._options = options
        self.stamps = {self.path: stamp_of(self.path), **config.stamps}
        self.served = apply_options(config, options)
        server = self.served.server
        self.is_watched = watched and self.path.is_file()
        self.is_editable = editable or (not server.tokens and is_loopback(server.host))

    @property
    def first(self) -> FileState:
        """What the file said when the server was started; its text is not known any more."""
        return FileState("", self.served, ())

    def read(self) -> FileState:
        """Read the file.

        Raises:
            ConfigError: It cannot be read, or not be served.
        """
        return self.state_of(self.text())

    def text(self) -> str:
        """Return the text of the file.

        Raises:
            ConfigError: It cannot be read.
        """
        if os.path.isdir(self.path):
            raise ConfigError([self.problem("is a folder, not a file")])
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise ConfigError([self.problem("is a pipe or a device, which cannot be read a second time")])
        return read_text(self.path)

    @property
    def is_json(self) -> bool:
        """Whether the file is JSON."""
        return self.path.suffix.lower() == ".json"

    def state_of(self, text: str) -> FileState:
        """Return what a text says in place of the file's.

        Raises:
            ConfigError: It is invalid, or cannot be served.
        """
        tables, folder = self._started.tables, self.path.absolute().parent
        config = parse(text, str(self.path), folder, tables=tables, plugins_are_loaded=True)
        restart_needed = [f"server.{key}" for key in _differing(self._started.server, config.server) if key not in LIVE]
        if config.plugin_files != self._started.plugin_files:
            restart_needed.append("plugins")
        fixed = {key: getattr(self._started.server, key) for key in ServerConfig.model_fields if key not in LIVE}
        server = config.server.model_copy(update=fixed)
        try:
            served = apply_options(dataclasses.replace(config, server=server), self._options)
        except UsageError as error:
            raise ConfigError([self.problem(str(error))]) from None
        # A certificate that the options name may have changed its place meanwhile: the server has loaded it.
        fixed = {key: getattr(self.served.server, key) for key in fixed}
        served = dataclasses.replace(served, server=served.server.model_copy(update=fixed))
        return FileState(text, served, tuple(restart_needed))

    def problems_of(self, text: str, graph: Graph | None = None) -> list[Problem]:
        """Return what is wrong with a text; with a graph, models that it does not have yet are loaded, too."""
        try:
            config = self.state_of(text).config
            if graph is not None:
                if not self.is_editable:
                    self._refuse_foreign_files(config, graph.config)
                graph.check(config)
        except ConfigError as error:
            return list(error.problems)
        return []

    def _refuse_foreign_files(self, config: Config, served: Config) -> None:
        """Refuse files of elsewhere: what is wrong with one would tell whoever asks what is in it."""
        home = self.path.absolute().parent
        known = files_of(served)
        for path in files_of(config):
            if path not in known and not path.resolve().is_relative_to(home.resolve()):
                raise ConfigError(
                    [
                        self.problem(
                            f"{path} is not beside the configuration; such files are tried only by camweave check"
                        )
                    ]
                )

    @property
    def is_writable(self) -> bool:
        """Whether it can be replaced: neither it nor its folder is read-only."""
        path = os.path.realpath(self.path)
        return os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK)

    def problem(self, message: str) -> Problem:
        """Return a problem of the file as a whole."""
        return Problem(str(self.path), None, None, "", message)


def version_of(text: str) -> str:
    """Return a short text that differs for different texts of a file."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _differing(old: ServerConfig, new: ServerConfig) -> Sequence[str]:
    return [key for key in ServerConfig.model_fields if getattr(old, key) != getattr(new, key)]
