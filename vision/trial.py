"""A declared model by itself, though perhaps no vision service runs it."""

from __future__ import annotations

from .labels import read_labels
from .library import LIBRARY, Library, Loan
from .runtime import RuntimeDeclaration
from .runtimes import RUNTIMES


def borrow_model(declared: RuntimeDeclaration, library: Library = LIBRARY) -> Loan:
    """Return a declared model, loaded; whoever else runs the same one shares it.

    Raises:
        ModelError: when it cannot be used.
    """
    attributes = declared.attributes
    return library.borrow(
        RUNTIMES[declared.model], attributes.model_path, attributes.num_threads, attributes.preferred()
    )


def try_model(declared: RuntimeDeclaration, library: Library = LIBRARY) -> None:
    """Load a model and its labels once, and let go of them.

    Raises:
        ModelError: when one of them cannot be used.
    """
    borrow_model(declared, library).close()
    if declared.attributes.label_path is not None:
        read_labels(declared.attributes.label_path)
