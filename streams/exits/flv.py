"""Flash Video, a stream that FFmpeg and media servers read at once; with the predictions inside if wanted."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pydantic import Field

from ..encoding import CLOCK_RATE, EncodedFrame, ParameterSets, with_lengths
from .base import Muxer, MuxerOptions

_HEADER = b"FLV\x01\x01\x00\x00\x00\x09" + bytes(4)  # version 1, video only, nothing before the first tag
_TAG_HEADER_BYTES = 11
_SCRIPT, _VIDEO = 18, 9
_AVC = 7
_KEY_FRAME, _OTHER_FRAME = 0x10, 0x20
_PARAMETERS, _UNITS = b"\x00", b"\x01"
_SHOWN_AT_ONCE = bytes(3)  # no time between decoding and showing: there are no B-frames
_NUMBER, _STRING, _ARRAY, _END = b"\x00", b"\x02", b"\x08", b"\x00\x00\x09"


class FlvOptions(MuxerOptions):
    """What a reader of Flash Video may choose."""

    data: bool = Field(default=False, description="``true``: each picture carries the predictions for it, as SEI.")

    @property
    def wants_events(self) -> bool:
        """Whether it carries them."""
        return self.data


class FlvMuxer(Muxer):
    """H.264 in Flash Video, one tag for each frame; parameter sets come first, and again where they change.

    Times are in milliseconds. Frames that are less than that apart, as in a group that is sent again for a reader who
    joins, get times that rise by one.
    """

    kind = "flv"
    path = "stream.flv"
    media_type = "video/x-flv"
    codec = "h264"
    summary = "Return the video as Flash Video (H.264)."
    options_type = FlvOptions
    idle_s = 15.0

    def __init__(self, options: MuxerOptions) -> None:
        super().__init__(options)
        self._with_events = isinstance(options, FlvOptions) and options.data
        self._parameters: ParameterSets | None = None
        self._has_changed = False
        self._last_ms = -1

    def begin(self, frame: EncodedFrame) -> bytes:
        """Return the header of the file, and the size of the picture."""
        values = {"width": frame.width, "height": frame.height, "videocodecid": _AVC}
        return _HEADER + script_tag(0, "onMetaData", values)

    def frame(self, frame: EncodedFrame, pts: int) -> bytes:
        """Return the tag of a frame, after one with the parameter sets if they are new."""
        time_ms = self._last_ms = max(round(pts * 1000 / CLOCK_RATE), self._last_ms + 1)
        parameters, sample = (frame.with_event if self._with_events else frame).avc
        if parameters is not None:
            self._has_changed = self._has_changed or self._parameters not in (None, parameters)
            if self._has_changed:  # inside the pictures too, where they remain when FFmpeg copies them into a file
                sample = with_lengths((*parameters.sequence, *parameters.picture)) + sample
        tag = video_tag(time_ms, _UNITS, sample, is_key=frame.is_key_frame)
        if parameters is None or parameters == self._parameters:
            return tag
        self._parameters = parameters
        return video_tag(time_ms, _PARAMETERS, parameters.configuration, is_key=True) + tag

    def idle(self) -> bytes:
        """Return a tag that readers skip: proxies close a connection on which nothing moves."""
        return script_tag(self._last_ms, "onIdle", {}) if self._last_ms >= 0 else b""


def video_tag(time_ms: int, kind: bytes, data: bytes, *, is_key: bool) -> bytes:
    """Return a tag with H.264.

    Args:
        time_ms: Its time; beyond 32 bits it begins again, as readers expect.
        kind: Whether it has parameter sets or units.
        data: Those, as ``AvcPicture`` has them.
        is_key: Whether a decoder can start with it.
    """
    first = bytes(((_KEY_FRAME if is_key else _OTHER_FRAME) | _AVC,))
    return _tag(_VIDEO, time_ms, b"".join((first, kind, _SHOWN_AT_ONCE, data)))


def script_tag(time_ms: int, name: str, values: Mapping[str, float]) -> bytes:
    """Return a tag with data for programs, in the Action Message Format; ``onMetaData`` says what the video is like."""
    entries = (_name(key) + _NUMBER + struct.pack(">d", value) for key, value in values.items())
    head = _STRING + _name(name) + _ARRAY + len(values).to_bytes(4)
    return _tag(_SCRIPT, time_ms, b"".join((head, *entries, _END)))


def _name(text: str) -> bytes:
    return len(text).to_bytes(2) + text.encode()


def _tag(kind: int, time_ms: int, data: bytes) -> bytes:
    time = time_ms & 0xFFFFFFFF
    head = bytes((kind,)) + len(data).to_bytes(3) + (time & 0xFFFFFF).to_bytes(3) + (time >> 24).to_bytes(1) + bytes(3)
    return b"".join((head, data, (_TAG_HEADER_BYTES + len(data)).to_bytes(4)))
