"""Keep the names of folders out of what clients read: a file is named alone."""

from __future__ import annotations


def without_folders(text: str, folders: tuple[str, ...]) -> str:
    """Return a sentence with the names of files alone."""
    for folder in folders:
        text = text.replace(folder, "")
    return text
