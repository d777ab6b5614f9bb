"""The schemas of replies for the API's document; tests check the replies of the endpoints against them.

The schemas of predictions are not here: ``openapi.py`` adds them from the table of kinds.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Reply(BaseModel):
    """A JSON object; later versions may add members."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class ProblemReply(Reply):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class ClockInfo(Reply):
    """The time of the server."""

    time_s: float = Field(description="Seconds since 1970 in UTC.")


class SessionInfo(Reply):
    """Somebody who watches live."""

    id: str
    kind: str = Field(description="How: ``webrtc``, or the kind of another way out.")
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
    passthrough: bool = Field(description="Whether it hands on what the camera sends, without encoding.")
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
    """Counts of a camera since the server started."""

    decoded: int
    frames_in: int
    frames_out: int
    dropped: int
    shed: int
    inferences: dict[str, int]
    painted: int
    encoded: int
    errors: int


class Percentiles(Reply):
    """Milliseconds."""

    p50: float
    p95: float


class LatestPrediction(Reply):
    """A prediction for a camera's latest frame: the fields of its kind, without masks."""

    kind: str
    transform: str = Field(description="The type of the transform that attached it.")
    service: str = Field(description="The vision service that returned it.")


class LatestFrame(Reply):
    """A camera's latest frame."""

    sequence: int
    captured_at: str = Field(description="RFC 3339, in UTC.")
    predictions: list[LatestPrediction]


class CameraInfo(Reply):
    """A camera and its state."""

    name: str
    model: str
    source: str | None
    state: Literal["idle", "opening", "running", "offline", "ended"]
    error: str | None
    width_px: int | None
    height_px: int | None
    capture_clock: Literal["camera", "arrival"] | None = Field(
        description="Whose clock says when a frame was captured: the camera's own, or the server's as it arrives. "
        "Null before the first frame."
    )
    frame_rate: float | None
    viewers: int
    sessions: list[SessionInfo]
    encoders: list[EncoderInfo]
    transforms: list[TransformInfo]
    counters: Counters
    latency_ms: dict[str, Percentiles]
    private: bool = Field(description="Only other cameras may use its frames.")
    annotates: bool = Field(description="Its frames can have annotations.")
    latest: LatestFrame | None = Field(description="Null before the first frame, and of a private camera.")


class UnderstoodInputInfo(Reply):
    """The picture that goes into a model; its size is null if the model takes pictures of any size as they are."""

    width_px: int | None
    height_px: int | None
    range: list[float] = Field(description="Lowest and highest value of a channel.")
    color_order: Literal["rgb", "bgr", "gray"]


class UnderstoodInfo(Reply):
    """What was understood of a model, each part with the reason."""

    input: UnderstoodInputInfo
    head: str | None = Field(description="The decoder of its boxes; null for a model without boxes.")
    boxes: str | None = Field(description="What the numbers of a box are; null for a model without boxes.")
    activation: str = Field(description="What is applied to the scores.")
    labels_from: str = Field(description="Where the labels are from.")
    because: dict[str, str] = Field(description="The reason for each part, by its name.")


class ServiceInfo(Reply):
    """A vision service with its kinds of results, its labels, and its error while it does not answer."""

    name: str
    model: str
    kinds: list[str]
    labels: list[str]
    understood: UnderstoodInfo | None = Field(None, description="Only there for a service on a model file.")
    error: str | None = Field(None, description="Only there while the service does not answer.")


class PredictionReply(Reply):
    """The predictions for one picture, under the name of their kind; for a camera, with the frame's number and time."""

    service: str
    width_px: int
    height_px: int
    camera: str | None = None
    sequence: int | None = Field(None, description="The number of the camera's frame.")
    pts_s: float | None = Field(None, description="Its time in the stream, in seconds.")
    captured_at: str | None = Field(None, description="When it was captured: RFC 3339, in UTC.")
    image: str | None = Field(None, description="The frame as base64 JPEG, with return_image.")


class PredictionReplies(Reply):
    """The predictions for several pictures, in order; a picture that failed has a problem document in its place."""

    results: list[PredictionReply | ProblemReply]


class ConfigurationProblem(Reply):
    """What is wrong with a configuration, and where."""

    line: int | None = Field(description="From 1; null for a problem of the file as a whole.")
    column: int | None
    path: str = Field(description="The value, such as cameras[1].attributes.source.")
    message: str


class ReloadReply(Reply):
    """What a reload did."""

    changed: list[str] = Field(description="The cameras and services that were added, changed or removed.")
    restart_needed: list[str] = Field(description="The keys whose new values need a restart, such as server.port.")


class WrittenReply(ReloadReply):
    """What a reload did, after the file was written."""

    version: str = Field(description="The ETag of the text now.")


class LiveValuesInfo(Reply):
    """Attributes of a transform that were changed live and are not in the file."""

    camera: str
    transform: int = Field(description="The number of the transform, from 0.")
    attributes: dict[str, Any] = Field(description="The values now; null is the default.")
    before: dict[str, Any] = Field(description="The values in the file; null where it has none.")


class SavedReply(Reply):
    """What was written into the file."""

    saved: list[LiveValuesInfo]
    version: str


class ConfigurationInfo(Reply):
    """How the file and what is served stand to each other."""

    file: str = Field(description="Its name, without the folder.")
    version: str = Field(description="Changes with what is served and with what is wrong with the file.")
    writable: bool
    editable: bool = Field(description="Whether /edit may change it.")
    problems: list[ConfigurationProblem] = Field(description="Why the file as it is now is not served.")
    restart_needed: list[str]
    unsaved: list[LiveValuesInfo]


class DraftCreated(Reply):
    """A new draft."""

    id: str


class DraftChanged(Reply):
    """What a draft makes of a text."""

    problems: list[ConfigurationProblem] = Field(description="If there are any, the draft shows what it showed before.")
    camera: str | None = Field(description="The camera that it shows.")
    source: str | None = Field(description="The served camera whose frames it takes; null if it opens its own source.")


class DraftInfo(Reply):
    """The state of a draft."""

    state: Literal["starting", "running", "failed"] = Field(
        description="A failed draft has crashed, or was ended for a limit; a new text starts it again."
    )
    camera: str | None
    source: str | None
    error: str | None
    waits_for: str | None = Field(description="What a draft that is starting waits for, after some seconds.")
    width_px: int | None
    height_px: int | None
    frame_rate: float | None
    predictions: list[LatestPrediction]


class DeviceInfo(Reply):
    """A webcam of this machine."""

    path: str = Field(description="Its `video_path`.")
    name: str


class LinkToken(Reply):
    """A token for the camera of a link."""

    token: str
    camera: str
    expires_at: str = Field(description="RFC 3339, in UTC.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of an endpoint for its possible errors, whose schema ``openapi.py`` adds."""
    return {status: {} for status in statuses}
