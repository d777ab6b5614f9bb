"""The ``stream:`` block: how a camera is encoded."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from cameras import Attributes

Codec = Literal["h264", "vp8"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]


class StreamConfig(Attributes):
    """The ``stream:`` block of the YAML. Defaults depend on the picture size."""

    bitrate: int | None = Field(
        None, ge=10_000, le=200_000_000, description="Bits per second; default: by picture size."
    )
    frame_rate: float | None = Field(
        None, gt=0, le=240, description="Maximum frames per second; default: the source's."
    )
    key_frame_interval_s: float | None = Field(
        None, gt=0, le=60, description="Longest time between key frames; viewers that need one get it earlier."
    )
    preset: Preset | None = Field(None, description="x264's speed preset; default: by picture size.")
    codecs: tuple[Codec, ...] = Field(
        ("h264", "vp8"), strict=False, min_length=1, description="Codecs to offer, in order of preference."
    )

    passthrough: Literal["auto", "never"] = Field(
        "auto",
        description="Whether H.264 viewers get the camera's own pictures without decoding where they can, or never.",
    )

    ladder: Literal["auto", "never"] = Field(
        "auto",
        description="Whether a viewer whose network is too slow gets half the size at a third of the bits per second.",
    )

    @property
    def encodes_its_own(self) -> bool:
        """Whether a value is set that only an encoder can follow."""
        values = self.bitrate, self.frame_rate, self.key_frame_interval_s, self.preset
        return any(value is not None for value in values)

    @field_validator("codecs")
    @classmethod
    def _once_each(cls, value: tuple[Codec, ...]) -> tuple[Codec, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"must name each codec once, got {', '.join(value)}")
        return value
