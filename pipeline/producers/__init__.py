"""What makes the frames of a feed: one file for each sort of producer, and the table that chooses among them."""

from .line import Line
from .source import Source
from .step import Row, Stage, Step, step
from .table import PRODUCERS, Surroundings, make_producer

__all__ = ["PRODUCERS", "Line", "Row", "Source", "Stage", "Step", "Surroundings", "make_producer", "step"]
