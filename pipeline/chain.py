"""All transforms from a root source to a camera, applied in one call: for files, where no frame may be dropped."""

from __future__ import annotations

import logging

from cameras import Frame
from transforms import Style, paint
from vision import INFERENCE_LIMIT, ModelError

from .camera_config import CameraConfig, DownstreamAttributes, TransformAttributes
from .config import Config, constructing, make_services
from .producers import OpenError, Row, make_transforms, step

logger = logging.getLogger(__name__)


class Chain:
    """Applies the transforms of a camera, and of those before it, to the frames of its root source.

    It has no threads and no slots, and drops nothing. Each frame waits for its own results, whatever the inference mode
    of a transform (:meth:`Transform.wait_for_results`): unlike live frames, those of a file are never late.

    Attributes:
        root: The declaration of the camera at the start of the chain; the file takes its place, whatever its model.
        style: The painting style of the camera.
    """

    def __init__(self, config: Config, camera: str) -> None:
        """Build the chain of a camera.

        Raises:
            KeyError: when there is no such camera.
            ConfigError: when a service or a transform, perhaps of a plugin, cannot be constructed.
            ValueError: when a camera of the chain takes its frames from another one, but is no transform camera.
        """
        services = make_services(config)
        declared = config.cameras[camera]
        self.style: Style = declared.style
        rows: dict[str, Row] = {}
        while isinstance(declared.attributes, DownstreamAttributes):
            if not isinstance(declared.attributes, TransformAttributes):
                raise ValueError(f"camera {declared.name}: model {declared.model} works on live frames only")
            with constructing(config, "cameras", declared.name):
                transforms = make_transforms(declared.attributes, services, config.tables.transforms)
            rows = {declared.name: Row(transforms, declared.attributes), **rows}
            declared = config.cameras[declared.attributes.source]
        self.root: CameraConfig = declared
        self._rows = rows
        self._transforms = tuple(transform for row in rows.values() for transform in row.transforms)
        for transform in self._transforms:
            transform.wait_for_results()
        self._inference_s = config.server.limits.inference_s
        self._failure: str | None = None

    def open(self) -> None:
        """Load what the transforms need; its inferences have the time limit of the configuration.

        Raises:
            ValueError: when a transform cannot be opened, with its model for example; then none stays open.
        """
        INFERENCE_LIMIT.seconds = self._inference_s
        try:
            for name, row in self._rows.items():
                try:
                    row.open()
                except OpenError as error:
                    raise OpenError(f"camera {name}: {error}") from error
        except BaseException:
            self.close()
            raise

    def apply(self, frame: Frame) -> Frame:
        """Return the frame of the camera.

        Raises:
            ValueError: when a transform fails on the frame.
            ModelError: when a model fails on it.
        """
        failure: str | None = None
        for row in self._rows.values():
            done = step(frame, row)
            for stage in done.failures:
                if stage.error is not None:
                    if isinstance(stage.error, Exception) and not isinstance(stage.error, ValueError | ModelError):
                        raise ValueError(stage.failure) from stage.error
                    raise stage.error
                failure = failure or stage.failure
            assert done.frame is not None  # only an error or a stop drops it
            frame = done.frame
        # A transform returned a frame but reports a failure: log it once while the reason stays the same.
        if failure not in (None, self._failure):
            logger.warning("%s", failure)
        self._failure = failure
        return frame

    def painted(self, frame: Frame) -> Frame:
        """Return a frame of the chain with its annotations painted."""
        return paint(frame, self.style)

    def close(self) -> None:
        """Close the transforms. A second call does nothing."""
        for transform in reversed(self._transforms):
            transform.close()
