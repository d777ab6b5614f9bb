"""The base class of exits: turns the frames of a shared stream into bytes for one reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import ClassVar

from pydantic import BaseModel, Field

from ..encoding import EncodedFrame, StreamCodec, StreamOptions


class MuxerOptions(BaseModel):
    """What a reader may choose, as the parameters of a query."""

    annotations: bool = Field(default=True, description="``false``: the picture without painted annotations.")

    @property
    def encoding(self) -> StreamOptions | None:
        """What its encoder is asked for; readers that ask for the same share one."""
        return None

    @property
    def wants_events(self) -> bool:
        """Whether its frames are to come with the JSON of their events made, which the event loop has no time for."""
        return False

    @property
    def choice(self) -> Hashable:
        """What makes its encoder another one than that of readers who choose nothing; ``None`` without that."""
        encoding = self.encoding
        return None if encoding is None or encoding == type(encoding)() else (encoding, self.annotations)


class Muxer(ABC):
    """Turns frames into the bytes of one stream. One object serves one reader, in the event loop.

    A kind is a subclass with a row in ``EXITS``. The HTTP API has a path for each::

        class RawH264(Muxer):
            kind, path, media_type, codec = "h264", "stream.h264", "video/h264", "h264"
            summary = "The video as raw H.264."

            def frame(self, frame, pts):
                return frame.data

    Args:
        options: What the reader has chosen.

    Attributes:
        frame_rate: Returns the frames per second to expect; ``None`` while nobody knows. ``open_stream`` sets it.
        kind: Its name in ``sessions`` of ``/api/cameras``.
        path: The last part of its path in the HTTP API.
        media_type: Its media type.
        codec: The codec of the frames that it takes.
        summary: What a reader gets, for the API document.
        options_type: The type of its options.
        begins_with_frame: Whether a reader has to wait for the first frame; if not, silence is all right.
        newest_wins: Whether a slow reader gets only the newest of the frames that wait; each must be a key frame.
        idle_s: How long a stream may be silent before :meth:`idle`; ``None`` for ever.
    """

    kind: ClassVar[str]
    path: ClassVar[str]
    media_type: ClassVar[str]
    codec: ClassVar[StreamCodec]
    summary: ClassVar[str]
    options_type: ClassVar[type[MuxerOptions]] = MuxerOptions
    begins_with_frame: ClassVar[bool] = True
    newest_wins: ClassVar[bool] = False
    idle_s: ClassVar[float | None] = None

    def __init__(self, options: MuxerOptions) -> None:
        self.options = options
        self.frame_rate: Callable[[], float | None] = lambda: None

    def resume(self, last_id: str) -> None:  # noqa: B027  # a hook
        """Take the id of the last message that the reader has got, where it reads again; ignored by default."""

    def begin(self, frame: EncodedFrame) -> bytes:
        """Return what comes before the first frame, which is a key frame; nothing by default."""
        return b""

    @abstractmethod
    def frame(self, frame: EncodedFrame, pts: int) -> bytes:
        """Return the bytes of a frame.

        Args:
            frame: The frame. After a gap it is a key frame.
            pts: Its time in ticks of 1/90000 s: 0 at the first frame, and rising.
        """

    def idle(self) -> bytes:
        """Return what is sent after ``idle_s`` without a frame."""
        return b""
