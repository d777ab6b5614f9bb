"""Measurements for Prometheus: what is measured, and the formats that it is sent in."""

from .collect import families, measurements
from .family import Family
from .formats import OPEN_METRICS, TEXT, Format

__all__ = ["OPEN_METRICS", "TEXT", "Family", "Format", "families", "measurements"]
