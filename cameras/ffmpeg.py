"""The base class of cameras that read through FFmpeg."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import Field

from .attributes import Attributes
from .base import A, Camera, CameraError
from .container import Container
from .deinterlacing import Deinterlace
from .multipart import Multipart
from .timing import RateMeter

V = TypeVar("V", bound=Container | Multipart)
"""What a camera reads its video from."""


class PictureAttributes(Attributes):
    """The attributes of every camera whose input is a video."""

    video_stream: int | None = Field(
        None, ge=0, le=1000, description="Which video stream, from 0; the default one, else the largest."
    )
    deinterlace: Deinterlace = Field(
        "auto", description="Deinterlace pictures marked as interlaced (auto), all (always) or none (never)."
    )
    drop_damaged: bool = Field(True, description="Hold pictures after damage or loss back until the next key frame.")

    def of_pictures(self) -> dict[str, Any]:
        """Return these attributes as arguments of :class:`Opening`."""
        return {
            "video_stream": self.video_stream,
            "deinterlace": self.deinterlace,
            "drop_damaged": self.drop_damaged,
        }


class FFmpegCamera(Camera[A], Generic[A, V]):
    """A camera that reads from a container; ``open`` of a subclass creates one in ``_container``.

    It adds each frame's time to ``_meter``.
    """

    def __init__(self, name: str, attributes: A, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._container: V | None = None
        self._meter = RateMeter()

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as measured; before that, as the input declares them."""
        return self._meter.per_second or self._declared_rate

    @property
    def _declared_rate(self) -> float | None:
        container = self._container  # close() on another thread may clear it
        rate = None if container is None else container.frame_rate
        return None if rate is None else float(rate)

    @property
    def dropped(self) -> int:
        """Pictures that were damaged or could not be decoded, since ``open``."""
        container = self._container
        return 0 if container is None else container.dropped

    @property
    def left_out(self) -> int:
        """Pictures that were left out undecoded, since ``open``."""
        container = self._container
        return 0 if container is None else container.skipper.skipped

    def close(self) -> None:
        """Release the container, now or when its driver returns; a waiting ``read`` raises at once."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _opened(self) -> V:
        container = self._container
        if container is None:
            raise CameraError("closed")
        container.skipper.share = self.decoding_share
        return container
