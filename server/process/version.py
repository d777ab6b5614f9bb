"""The version of the program."""


def program_version() -> str:
    """Return the version of the installed program."""
    from importlib.metadata import PackageNotFoundError, version  # takes longer to import than all else here

    try:
        return version("camweave")
    except PackageNotFoundError:  # a clone that is not installed
        return "0+unknown"
