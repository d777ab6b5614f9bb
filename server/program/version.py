"""Which version this is."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """Return the version of the installed program."""
    try:
        return version("camweave")
    except PackageNotFoundError:  # a clone that runs without having been installed
        return "0+unknown"
