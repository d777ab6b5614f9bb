"""What the cameras that FFmpeg reads have in common."""

from __future__ import annotations

from .base import A, Camera, CameraError
from .container import Container


class FFmpegCamera(Camera[A]):
    """A camera with a container of its own for each ``open``, which a subclass makes and puts into ``_container``."""

    def __init__(self, name: str, attributes: A, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._container: Container | None = None
        self._undated = 0

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as declared; a camera may have agreed to others than it was asked for."""
        container = self._container  # which close, on another thread, may take away
        rate = None if container is None else container.frame_rate
        return None if rate is None else float(rate)

    @property
    def dropped(self) -> int:
        """Frames without a time and packets that could not be decoded, since ``open``."""
        container = self._container
        return self._undated + (0 if container is None else container.dropped)

    def close(self) -> None:
        """Let go of the container, now or when its driver returns; a reader that waits is told at once."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _opened(self) -> Container:
        container = self._container
        if container is None:
            raise CameraError("closed")
        return container
