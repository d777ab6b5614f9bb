"""The base class of cameras that read through FFmpeg."""

from __future__ import annotations

from .base import A, Camera, CameraError
from .container import Container


class FFmpegCamera(Camera[A]):
    """A camera that reads from a container; ``open`` of a subclass creates one in ``_container``."""

    def __init__(self, name: str, attributes: A, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._container: Container | None = None
        self._undated = 0

    @property
    def frame_rate(self) -> float | None:
        """Declared frames per second; a device may use another rate than requested."""
        container = self._container  # close() on another thread may clear it
        rate = None if container is None else container.frame_rate
        return None if rate is None else float(rate)

    @property
    def dropped(self) -> int:
        """Frames without a time and packets that could not be decoded, since ``open``."""
        container = self._container
        return self._undated + (0 if container is None else container.dropped)

    def close(self) -> None:
        """Release the container, now or when its driver returns; a waiting ``read`` raises at once."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _opened(self) -> Container:
        container = self._container
        if container is None:
            raise CameraError("closed")
        return container
