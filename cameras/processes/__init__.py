"""Child processes that never outlive this one, and the deadlines of their work."""

from .child import Child
from .deadline import Deadline, DeadlineExceeded

__all__ = ["Child", "Deadline", "DeadlineExceeded"]
