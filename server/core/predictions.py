"""Predictions of vision services in the form of replies, the same for all protocols."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cameras import Frame, ImageError, PictureLimits, Pixels, Prediction, decode_image
from vision import Session, VisionService, keep, top

from .backend import model_errors
from .requests import RequestError, TooLarge, Unavailable, Unreadable, Unsupported, UnsupportedMedia

PICTURE_LIMITS = PictureLimits()
"""The limits of a picture by default."""


@dataclass(frozen=True)
class Wanted:
    """The part of a result that a client wants.

    Attributes:
        n: Most items, the most confident first; 0 is all, ``None`` the default of the kind.
        threshold: Lowest confidence to keep, inclusive.
    """

    n: int | None = None
    threshold: float = 0.0


def decode(data: bytes, *, exif: bool = True, limits: PictureLimits = PICTURE_LIMITS) -> Frame:
    """Decode a picture into a frame with the current time.

    Args:
        data: The bytes of a picture file; its format is detected from them, not from any declared type.
        exif: Whether to apply the EXIF orientation.
        limits: Limits of pixels and of time.

    Raises:
        UnsupportedMedia: The bytes are not a picture.
        TooLarge: The picture has too many pixels, or needs too much memory.
        Unreadable: The picture cannot be decoded, or not in time.
        Unavailable: Too many pictures are being decoded.
    """
    try:
        pixels = Pixels.from_bgr(decode_image(data, exif=exif, limits=limits))
    except ImageError as error:
        raise _meaning(error)(str(error)) from None
    return Frame(pixels, 0, Fraction(1, 90_000), time.time())


def _meaning(error: ImageError) -> type[RequestError]:
    if error.unavailable:
        return Unavailable
    return UnsupportedMedia if error.unsupported_format else TooLarge if error.too_large else Unreadable


def require_kind(service: VisionService[Any], kind: str) -> None:
    """Check that a service gives a kind of result.

    Raises:
        Unsupported: The service does not give it.
    """
    if kind not in service.kinds:
        gives = " and ".join(sorted(service.kinds)) or "nothing"
        raise Unsupported(f"vision service {service.name} gives {gives}, not {kind}")


def reply(
    session: Session, kind: type[Prediction], frame: Frame, wanted: Wanted, *, masks: bool = True
) -> dict[str, Any]:
    """Return the reply with a service's predictions of one kind for a frame, with or without their masks.

    Raises:
        Unsupported: The service does not give that kind.
        ModelUnavailable: The model fails.
    """
    with model_errors(f"vision service {session.service.name}"):
        items = recognised(session, kind, frame, wanted, masks=masks)
    return {"service": session.service.name, "width_px": frame.width, "height_px": frame.height, kind.plural: items}


def recognised(
    session: Session, kind: type[Prediction], frame: Frame, wanted: Wanted, *, masks: bool = True
) -> list[dict[str, Any]]:
    """Return the items of a reply in the order of their kind: by confidence, or by coverage.

    Raises:
        ModelError: The service does not give that kind, or its model fails.
    """
    found = session.predict(kind, frame)
    n = kind.default_count if wanted.n is None else wanted.n
    size = frame.width, frame.height
    return [item.to_wire(*size, masks=masks) for item in top(keep(found, wanted.threshold), n, size)]
