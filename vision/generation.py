"""What files of Hugging Face beside a tokenizer state of the tokens that a text begins and ends with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeGuard

_FILES = ("generation_config.json", "config.json")  # the first one wins where both are there
_START, _END = "decoder_start_token_id", "eos_token_id"


def stated_ends(folder: Path) -> tuple[int | None, int | None]:
    """Return the numbers of the start and the end token of an encoder-decoder model, ``None`` for what is not stated.

    Without a start for its decoder a file is not about such a model: there ``eos_token_id`` may be of anything, in that
    of BLIP it is not what a text ends with.

    Args:
        folder: Where the files lie, if they do; one that cannot be read states nothing.
    """
    for name in _FILES:
        found = _read(folder / name)
        start, end = found.get(_START), found.get(_END)
        if isinstance(end, list) and end:
            end = end[0]
        if _is_number(start):
            return start, end if _is_number(end) else None
    return None, None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
