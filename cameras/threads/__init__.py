"""Threads: started without a wait, given up when a call never returns, as many as there are processors."""

from .background import BackgroundThread
from .bounded_calls import BoundedCalls, CallsClosed, CallTimeout
from .cores import available_cores

__all__ = ["BackgroundThread", "BoundedCalls", "CallTimeout", "CallsClosed", "available_cores"]
