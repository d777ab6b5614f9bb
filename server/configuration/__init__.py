"""The configuration of a running server: the options it was started with, its file, and changes of both."""

from .file import ConfigFile, FileState, version_of
from .options import ServeOptions, apply_options
from .reloader import Conflict, Reloaded, Reloader, Status
from .watcher import FileWatcher

__all__ = [
    "ConfigFile",
    "Conflict",
    "FileState",
    "FileWatcher",
    "Reloaded",
    "Reloader",
    "ServeOptions",
    "Status",
    "apply_options",
    "version_of",
]
