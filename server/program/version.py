"""The version of the program."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """Return the version of the installed program."""
    try:
        return version("camweave")
    except PackageNotFoundError:  # a clone that is not installed
        return "0+unknown"
