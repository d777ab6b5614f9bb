"""The transforms of a camera and of all it comes from, in one row: for files, where every frame counts."""

from __future__ import annotations

import logging

from cameras import Frame
from transforms import Style, paint

from .config import CameraConfig, Config, TransformAttributes, make_services, make_transforms
from .producers import Row, step

logger = logging.getLogger(__name__)


class Chain:
    """What a camera does to the frames of its root source, without threads, slots or loss.

    Attributes:
        root: The source that the chain begins with, as declared.
        style: How the camera paints.
    """

    def __init__(self, config: Config, camera: str) -> None:
        """Build it for a camera.

        Raises:
            KeyError: when there is no such camera.
        """
        services = make_services(config)
        declared = config.cameras[camera]
        self.style: Style = declared.style
        rows: list[Row] = []
        while isinstance(declared.attributes, TransformAttributes):
            rows.insert(0, Row(make_transforms(declared.attributes, services, config.tables), declared.attributes))
            declared = config.cameras[declared.attributes.source]
        self.root: CameraConfig = declared
        self._rows = tuple(rows)
        self._transforms = tuple(transform for row in rows for transform in row.transforms)
        self._failure: str | None = None

    def open(self) -> None:
        """Load what the transforms need.

        Raises:
            ModelError: when a model cannot be loaded; nothing is left open then.
        """
        try:
            for transform in self._transforms:
                transform.open()
        except BaseException:
            self.close()
            raise

    def apply(self, frame: Frame) -> Frame:
        """Return the frame as the camera gives it; an error of a transform is raised, not skipped."""
        failure: str | None = None
        for row in self._rows:
            done = step(frame, row)
            for stage in done.failures:
                if stage.error is not None:
                    raise stage.error
                failure = failure or stage.failure
            assert done.frame is not None  # only an error or a stop loses it
            frame = done.frame
        # A transform gave a frame that is not what was wanted: said once for each reason.
        if failure not in (None, self._failure):
            logger.warning("%s", failure)
        self._failure = failure
        return frame

    def painted(self, frame: Frame) -> Frame:
        """Return a frame of the chain with its annotations burnt in."""
        return paint(frame, self.style)

    def close(self) -> None:
        """Let go of it. Harmless twice."""
        for transform in reversed(self._transforms):
            transform.close()
