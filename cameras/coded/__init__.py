"""Coded pictures: those of a stream that viewers may get as they came, without being decoded; and messages inside."""

from .messages import event_unit, read_event, user_data, with_event
from .passing import GROUP_MAX_BYTES, GROUP_MAX_S, Passed, Passing
from .picture import CodedPicture

__all__ = [
    "GROUP_MAX_BYTES",
    "GROUP_MAX_S",
    "CodedPicture",
    "Passed",
    "Passing",
    "event_unit",
    "read_event",
    "user_data",
    "with_event",
]
