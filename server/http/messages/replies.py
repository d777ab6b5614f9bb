"""The shapes of our replies, for the API's document; the replies are made elsewhere and tested against these.

What is said of each kind of prediction is not here: ``openapi.py`` adds it from the table of kinds.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Reply(BaseModel):
    """A JSON object; later versions may add members."""

    model_config = ConfigDict(extra="allow")


class ProblemReply(Reply):
    """What went wrong, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


class SessionInfo(Reply):
    """One viewer's connection."""

    id: str
    codec: str | None
    rung: str | None
    annotations: bool
    bitrate: float | None
    loss: float | None
    rtt_ms: float | None


class EncoderInfo(Reply):
    """One running encoder, shared by its viewers."""

    codec: str
    rung: str | None
    annotations: bool
    frames: int
    key_frames: int
    bitrate: float | None


class TransformInfo(Reply):
    """One transform of a camera's pipeline."""

    type: str
    attributes: dict[str, Any]
    mode: str | None
    inferences_per_s: float | None
    result_age_s: float | None


class Counters(Reply):
    """What a camera has done since the server started."""

    decoded: int
    frames_in: int
    frames_out: int
    dropped: int
    inferences: dict[str, int]
    painted: int
    encoded: int
    errors: int


class Percentiles(Reply):
    """Milliseconds."""

    p50: float
    p95: float


class LatestPrediction(Reply):
    """Something recognised in a camera's latest frame: what its kind has elsewhere, without masks."""

    kind: str
    transform: str = Field(description="The type of the transform that found it.")
    service: str = Field(description="The vision service that it asked.")


class LatestFrame(Reply):
    """A camera's latest frame."""

    sequence: int
    captured_at: str = Field(description="RFC 3339, in UTC.")
    predictions: list[LatestPrediction]


class CameraInfo(Reply):
    """A camera and what it is doing."""

    name: str
    model: str
    source: str | None
    state: Literal["idle", "opening", "running", "offline", "ended"]
    error: str | None
    width_px: int | None
    height_px: int | None
    frame_rate: float | None
    viewers: int
    sessions: list[SessionInfo]
    encoders: list[EncoderInfo]
    transforms: list[TransformInfo]
    counters: Counters
    latency_ms: dict[str, Percentiles]
    private: bool = Field(description="Only other cameras may use its picture.")
    annotates: bool = Field(description="Its frames can have annotations.")
    latest: LatestFrame | None = Field(description="Null before the first frame, and of a private camera.")


class ServiceInfo(Reply):
    """A vision service and what it can do."""

    name: str
    model: str
    kinds: list[str]
    labels: list[str]


class PredictionReply(Reply):
    """What a service recognised in one picture, under the kind that was asked for; of a camera, which frame it was."""

    service: str
    width_px: int
    height_px: int
    camera: str | None = None
    sequence: int | None = Field(None, description="The number of the camera's frame.")
    pts_s: float | None = Field(None, description="Its time in the stream, in seconds.")
    captured_at: str | None = Field(None, description="When it was captured: RFC 3339, in UTC.")
    image: str | None = Field(None, description="The frame as base64 JPEG, with return_image.")


class PredictionReplies(Reply):
    """What a service recognised in several pictures, in their order; a picture that failed has its problem there."""

    results: list[PredictionReply | ProblemReply]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the entries of an endpoint's document for the problems it may answer with."""
    return {status: {"model": ProblemReply} for status in statuses}
