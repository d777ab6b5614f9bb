"""The producers of frames, one file per kind, and the table that selects one by the camera's ``model``."""

from .bugs import bug_message
from .kind import DeclaredProducer, ProducerContext
from .line import Line, without_secrets_in
from .source import Source
from .step import OpenError, Row, Stage, Step, make_transforms, step
from .table import PRODUCERS, make_producer

__all__ = [
    "PRODUCERS",
    "DeclaredProducer",
    "Line",
    "OpenError",
    "ProducerContext",
    "Row",
    "Source",
    "Stage",
    "Step",
    "bug_message",
    "make_producer",
    "make_transforms",
    "step",
    "without_secrets_in",
]
