"""Movements for tests."""

from __future__ import annotations

import numpy as np

from cameras import Movement

NOWHERE = Movement(lambda box: None, np.zeros_like, lambda points: np.full_like(points, np.nan))
"""Everything leaves the frame."""
