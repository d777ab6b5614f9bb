"""Inference modes: which frame a transform has inferred, and how long a frame waits for the result. One class each.

``MODES`` has those that the attribute ``mode`` names. They apply to live frames and to those of a served file; where a
file is processed as a whole, every frame waits for its own result (:meth:`Transform.wait_for_results`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from vision import VisionService

from .auto import AutoInference
from .base import InferenceAttributes, InferenceMode
from .deadline import DeadlineInference
from .delayed import DelayedInference
from .latest import LatestInference
from .sync import SyncInference

MODES: Mapping[str, Callable[[VisionService[Any], InferenceAttributes], InferenceMode]] = {
    "auto": AutoInference.of,
    "sync": SyncInference.of,
    "latest": LatestInference.of,
    "delayed": DelayedInference.of,
}
"""Factories by the ``mode`` of a transform. Each takes the service and the attributes of the transform."""

__all__ = [
    "MODES",
    "AutoInference",
    "DeadlineInference",
    "DelayedInference",
    "InferenceAttributes",
    "InferenceMode",
    "LatestInference",
    "SyncInference",
]
