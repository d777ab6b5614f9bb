"""Child processes that never outlive this one."""

from .child import Child

__all__ = ["Child"]
