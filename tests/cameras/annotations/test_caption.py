"""Captions."""

from __future__ import annotations

from cameras import Caption
from tests.cameras.annotations.movements import NOWHERE


def test_a_caption_describes_the_whole_frame() -> None:
    caption = Caption("a red star", 0.8)
    assert (caption.kind, caption.moved(NOWHERE)) == ("caption", caption)


def test_a_caption_on_the_wire_is_a_text() -> None:
    assert Caption("a red star", 0.75).to_wire(8, 8) == {"text": "a red star", "confidence": 0.75}
