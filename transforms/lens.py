"""The attributes of a lens, and the check that a frame has the size they are for."""

from __future__ import annotations

from pydantic import Field

from cameras import Attributes, Frame, Intrinsics


class IntrinsicParameters(Attributes):
    """The intrinsics of a camera, as a pinhole model."""

    width_px: int = Field(ge=0, description="Width of the picture that the parameters are for.")
    height_px: int = Field(ge=0, description="Height of the picture that the parameters are for.")
    fx: float = Field(allow_inf_nan=False, description="Focal length across, in pixels.")
    fy: float = Field(allow_inf_nan=False, description="Focal length down, in pixels.")
    ppx: float = Field(
        allow_inf_nan=False, description="Where the optical axis meets the picture, in pixels from the left."
    )
    ppy: float = Field(
        allow_inf_nan=False, description="Where the optical axis meets the picture, in pixels from the top."
    )

    @property
    def intrinsics(self) -> Intrinsics | None:
        """The same as a property of frames; ``None`` when size or focal lengths are 0 or less (unknown)."""
        if min(self.width_px, self.height_px, self.fx, self.fy) <= 0:
            return None
        return Intrinsics(self.width_px, self.height_px, self.fx, self.fy, self.ppx, self.ppy)


class DistortionParameters(Attributes):
    """The distortion of a lens (Brown-Conrady)."""

    rk1: float = Field(0.0, allow_inf_nan=False, description="First radial coefficient.")
    rk2: float = Field(0.0, allow_inf_nan=False, description="Second radial coefficient.")
    rk3: float = Field(0.0, allow_inf_nan=False, description="Third radial coefficient.")
    tp1: float = Field(0.0, allow_inf_nan=False, description="First tangential coefficient.")
    tp2: float = Field(0.0, allow_inf_nan=False, description="Second tangential coefficient.")

    @property
    def distortion(self) -> tuple[float, ...]:
        """The same as a property of frames."""
        return self.rk1, self.rk2, self.rk3, self.tp1, self.tp2


def checked_size(frame: Frame, lens: Intrinsics) -> None:
    """Check that the intrinsics are for the size of the frame.

    Raises:
        ValueError: when they are for another size.
    """
    if (frame.width, frame.height) != (lens.width_px, lens.height_px):
        raise ValueError(
            f"the picture is {frame.width}x{frame.height}, but the intrinsic parameters are for "
            f"{lens.width_px}x{lens.height_px}"
        )
