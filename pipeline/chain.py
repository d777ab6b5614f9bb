"""All transforms from a root source to one or more cameras, applied in one call: for files, which lose no frame."""

from __future__ import annotations

import logging

from cameras import Frame
from transforms import Style
from vision import INFERENCE_LIMIT, ModelError

from .camera_config import CameraConfig, DownstreamAttributes, TransformAttributes
from .config import Config, constructing, make_services
from .producers import OpenError, Row, make_transforms, step

logger = logging.getLogger(__name__)


class Chain:
    """Applies the transforms of cameras, and of those before them, to the frames of their root source.

    It has no threads and no slots, and drops nothing. Each frame waits for its own results, whatever the inference mode
    of a transform (:meth:`Transform.wait_for_results`): unlike live frames, those of a file are never late. A camera
    that several of the others come from is applied once.

    Attributes:
        root: The declaration of the camera at the start of the chain; the file takes its place, whatever its model.
        styles: The painting style of each camera.
    """

    def __init__(self, config: Config, *cameras: str) -> None:
        """Build the chains of one or more cameras.

        Raises:
            KeyError: when there is no such camera.
            ConfigError: when a service or a transform, perhaps of a plugin, cannot be constructed.
            ValueError: when a camera of the chain takes its frames from another one, but is no transform camera; or
                when the cameras have different root sources.
        """
        services = make_services(config)
        roots: dict[str, str] = {}
        rows: dict[str, tuple[str, Row]] = {}
        for camera in cameras:
            upstream: dict[str, tuple[str, Row]] = {}
            declared = config.cameras[camera]
            while isinstance(declared.attributes, DownstreamAttributes):
                if not isinstance(declared.attributes, TransformAttributes):
                    raise ValueError(f"camera {declared.name}: model {declared.model} works on live frames only")
                source = declared.attributes.source
                if declared.name not in rows:
                    with constructing(config, "cameras", declared.name):
                        transforms = make_transforms(declared.attributes, services, config.tables.transforms)
                    upstream = {declared.name: (source, Row(transforms, declared.attributes)), **upstream}
                declared = config.cameras[source]
            rows |= upstream
            roots.setdefault(declared.name, camera)
        if len(roots) > 1:
            (one, first), (other, second) = list(roots.items())[:2]
            raise ValueError(
                f'the cameras must come from one source, but "{first}" comes from "{one}" and "{second}" from "{other}"'
            )
        self.root: CameraConfig = config.cameras[next(iter(roots))]
        self.styles: tuple[Style, ...] = tuple(config.cameras[camera].style for camera in cameras)
        self._cameras = cameras
        self._rows = rows
        self._transforms = tuple(transform for _, row in rows.values() for transform in row.transforms)
        for transform in self._transforms:
            transform.wait_for_results()
        self._inference_s = config.server.limits.inference_s
        self._failures: dict[str, str] = {}

    def open(self) -> None:
        """Load what the transforms need; its inferences have the time limit of the configuration.

        Raises:
            ValueError: when a transform cannot be opened, with its model for example; then none stays open.
        """
        INFERENCE_LIMIT.seconds = self._inference_s
        try:
            for name, (_, row) in self._rows.items():
                try:
                    row.open()
                except OpenError as error:
                    raise OpenError(f"camera {name}: {error}") from error
        except BaseException:
            self.close()
            raise

    def apply(self, frame: Frame) -> tuple[Frame, ...]:
        """Return the frame of each camera.

        Raises:
            ValueError: when a transform fails on the frame.
            ModelError: when a model fails on it.
        """
        frames = {self.root.name: frame}
        for name, (source, row) in self._rows.items():
            frames[name] = self._applied(name, row, frames[source])
        return tuple(frames[camera] for camera in self._cameras)

    def _applied(self, name: str, row: Row, frame: Frame) -> Frame:
        done = step(frame, row)
        failure = ""
        for stage in done.failures:
            if stage.error is not None:
                try:
                    if isinstance(stage.error, Exception) and not isinstance(stage.error, ValueError | ModelError):
                        raise ValueError(stage.failure) from stage.error
                    raise stage.error
                finally:
                    del done, stage  # the traceback leads back here, and would hold the picture in a circle
            failure = failure or stage.failure or ""
        # A transform returned a frame but reports a failure: log it once while the reason stays the same.
        if failure and failure != self._failures.get(name):
            logger.warning("%s", failure)
        self._failures[name] = failure
        assert done.frame is not None  # only an error or a stop drops it
        return done.frame

    def close(self) -> None:
        """Close the transforms. A second call does nothing."""
        for transform in reversed(self._transforms):
            transform.close()
