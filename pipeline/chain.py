"""The transforms of a camera and of all it comes from, in one row: for files, where every frame counts."""

from __future__ import annotations

import logging

from cameras import Attributes, Frame
from transforms import Style, Transform, paint

from .config import CameraConfig, Config, TransformAttributes, make_services, make_transforms

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
        stages: list[tuple[TransformAttributes, tuple[Transform[Attributes], ...]]] = []
        while isinstance(declared.attributes, TransformAttributes):
            stages.insert(0, (declared.attributes, make_transforms(declared.attributes, services, config.tables)))
            declared = config.cameras[declared.attributes.source]
        self.root: CameraConfig = declared
        self._stages = tuple(stages)
        self._transforms = tuple(transform for _, transforms in stages for transform in transforms)
        self._trouble: str | None = None

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
        for declared, transforms in self._stages:
            frame = declared.entering(frame)
            for transform in transforms:
                frame = transform.apply(frame)
        self._tell()
        return frame

    def _tell(self) -> None:
        """Say when a transform gives frames that are not what was wanted, once for each reason."""
        troubles = (transform.trouble for transform in self._transforms)
        trouble = next((trouble for trouble in troubles if trouble is not None), None)
        if trouble not in (None, self._trouble):
            logger.warning("%s", trouble)
        self._trouble = trouble

    def painted(self, frame: Frame) -> Frame:
        """Return a frame of the chain with its annotations burnt in."""
        return paint(frame, self.style)

    def close(self) -> None:
        """Let go of it. Harmless twice."""
        for transform in reversed(self._transforms):
            transform.close()
