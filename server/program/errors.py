"""Errors that end the program.

* UsageError    the command line or the configuration asks for what cannot be -> exit code 2
* StartError    the server cannot start                                      -> exit code 1
"""


class UsageError(Exception):
    """The command line, or the configuration it names, asks for what cannot be."""


class StartError(Exception):
    """The server cannot start: the world is not as it was asked for."""
