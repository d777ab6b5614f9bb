"""Drafts: the live picture of a camera in a text that is not saved, from a process of its own."""

from .drafts import Draft, Drafts

__all__ = ["Draft", "Drafts"]
