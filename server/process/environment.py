"""The environment variables that libraries read when they are loaded."""

from __future__ import annotations

import os

DEFAULTS = {
    # NumPy and OpenCV each bring an OpenBLAS, which starts a thread for each further processor when it is loaded. By
    # default these spin for 2 ** 26 cycles before they sleep, then and after each product of large matrices: 20 to 50
    # ms of CPU time of each processor, which the workers need. With 2 ** 4, the least that it accepts, they sleep at
    # once.
    "OPENBLAS_THREAD_TIMEOUT": "4",
    # Pydantic would read the metadata of every installed package, for plugins that watch each validation: of passwords
    # and tokens, too. Empty allows them.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
"""The values for variables that the user has not set."""


def set_library_defaults() -> None:
    """Set the variables of ``DEFAULTS`` that are not set, for this process and its children.

    Call it before the libraries are imported: they read their variables only then.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
