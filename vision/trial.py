"""Trying a declared model by itself, though no vision service runs it."""

from __future__ import annotations

from .labels import read_labels
from .library import LIBRARY, Library
from .runtime import RuntimeDeclaration
from .runtimes import RUNTIMES


def try_model(declared: RuntimeDeclaration, library: Library = LIBRARY) -> None:
    """Load a model and its labels once, and let go of them.

    Raises:
        ModelError: when one of them cannot be used.
    """
    attributes = declared.attributes
    loan = library.borrow(
        RUNTIMES[declared.model], attributes.model_path, attributes.num_threads, attributes.preferred()
    )
    loan.close()
    if attributes.label_path is not None:
        read_labels(attributes.label_path)
