"""Attributes of the cameras that take their frames from another camera."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field, SerializeAsAny

from cameras import Attributes, Frame
from transforms import DistortionParameters, IntrinsicParameters


class DownstreamAttributes(Attributes):
    """Base class for the attributes of cameras that take their frames from another camera.

    The reader checks that the source exists and that no cameras form a cycle. The graph makes the source first, runs it
    while this camera runs, and shows it as the ``source`` of its feed.
    """

    source: str = Field(description="The camera that provides the frames.")


class TransformConfig(Attributes):
    """One entry of a pipeline."""

    type: str = Field(description="The kind of transform.")
    attributes: SerializeAsAny[Attributes] = Field(description="Its settings.")


class TransformAttributes(DownstreamAttributes):
    """Attributes of a transform camera in the YAML."""

    pipeline: tuple[TransformConfig, ...] = Field(strict=False, description="The transforms, in order.")
    intrinsic_parameters: IntrinsicParameters | None = Field(None, description="Lens; default: the source's.")
    distortion_parameters: DistortionParameters | None = Field(None, description="Distortion; default: the source's.")

    def entering(self, frame: Frame) -> Frame:
        """Return a source's frame with the lens parameters declared here, if any, in place of its own."""
        intrinsics = self.intrinsic_parameters and self.intrinsic_parameters.intrinsics
        distortion = self.distortion_parameters and self.distortion_parameters.distortion
        if intrinsics is None and distortion is None:
            return frame
        return replace(frame, intrinsics=intrinsics or frame.intrinsics, distortion=distortion or frame.distortion)
