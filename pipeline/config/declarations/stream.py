"""How a camera is encoded: the ``stream:`` block."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from cameras import Attributes

Codec = Literal["h264", "vp8"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]


class StreamConfig(Attributes):
    """The ``stream:`` block of the YAML. Defaults depend on the size of the picture."""

    bitrate: int | None = Field(None, ge=10_000, le=200_000_000, description="Bits per second; by picture size.")
    frame_rate: float | None = Field(None, gt=0, le=240, description="Frames per second at most; the source's.")
    key_frame_interval_s: float | None = Field(
        None, gt=0, le=60, description="Longest time between key frames; they also come whenever a viewer needs one."
    )
    preset: Preset | None = Field(None, description="x264's trade of CPU for bits; by picture size.")
    codecs: tuple[Codec, ...] = Field(
        ("h264", "vp8"), strict=False, min_length=1, description="Codecs offered, the preferred one first."
    )

    @field_validator("codecs")
    @classmethod
    def _once_each(cls, value: tuple[Codec, ...]) -> tuple[Codec, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"must name each codec once, got {', '.join(value)}")
        return value
