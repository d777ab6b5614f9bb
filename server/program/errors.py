"""Errors that end the program.

* UsageError    the command line or the configuration is wrong -> exit code 2
* StartError    the server cannot start                        -> exit code 1
"""


class UsageError(Exception):
    """The command line, or the configuration that it names, is wrong."""


class StartError(Exception):
    """The server cannot start, for a reason outside the configuration, such as a port in use."""
