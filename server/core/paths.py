"""Remove folder names from messages to clients, leaving the names of files."""

from __future__ import annotations


def without_folders(text: str, folders: tuple[str, ...]) -> str:
    """Return a text without the names of folders."""
    for folder in folders:
        text = text.replace(folder, "")
    return text
