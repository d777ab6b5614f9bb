"""Threads: started without a wait, given up when a call never returns, as many as there are processors."""

from .background import BackgroundThread
from .bounded_calls import BoundedCalls, CallsClosed, CallTimeout
from .cores import available_cores
from .waiting import Place, own_place, waiting, working_for

__all__ = [
    "BackgroundThread",
    "BoundedCalls",
    "CallTimeout",
    "CallsClosed",
    "Place",
    "available_cores",
    "own_place",
    "waiting",
    "working_for",
]
