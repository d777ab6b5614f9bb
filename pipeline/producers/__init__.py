"""The producers of frames, one file per kind, and the table that selects one by the camera's ``model``."""

from .line import Line
from .source import Source
from .step import Row, Stage, Step, step
from .table import PRODUCERS, ProducerContext, make_producer

__all__ = ["PRODUCERS", "Line", "Row", "Source", "Stage", "Step", "ProducerContext", "make_producer", "step"]
