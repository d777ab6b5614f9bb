"""What a vision service says of a picture, as clients get it, whichever way they ask."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cameras import Frame, ImageError, Pixels, Prediction, decode_image
from vision import Session, VisionService, keep, top

from .backend import model_errors
from .errors import TooLarge, Unreadable, Unsupported, UnsupportedMedia


@dataclass(frozen=True)
class Wanted:
    """How much of a result is wanted.

    Attributes:
        n: How many at most, most confident first; 0 is all, ``None`` the default of the kind.
        threshold: Lowest confidence kept, itself included.
    """

    n: int | None = None
    threshold: float = 0.0


def decode(data: bytes, *, exif: bool = True) -> Frame:
    """Return a picture as a frame of this moment.

    Args:
        data: The bytes of a picture file; they decide what it is, not what anybody says.
        exif: Turn it as its EXIF orientation says.

    Raises:
        UnsupportedMedia: when the bytes are no picture.
        TooLarge: when it has too many pixels.
        Unreadable: when it does not decode.
    """
    try:
        pixels = Pixels.from_bgr(decode_image(data, exif=exif))
    except ImageError as error:
        meaning = UnsupportedMedia if error.foreign else TooLarge if error.too_large else Unreadable
        raise meaning(str(error)) from None
    return Frame(pixels, 0, Fraction(1, 90_000), time.time())


def require_kind(service: VisionService[Any], kind: str) -> None:
    """Check that a service gives a kind of result.

    Raises:
        Unsupported: when it does not.
    """
    if kind not in service.kinds:
        gives = " and ".join(sorted(service.kinds)) or "nothing"
        raise Unsupported(f"vision service {service.name} gives {gives}, not {kind}")


def reply(session: Session, kind: type[Prediction], frame: Frame, wanted: Wanted) -> dict[str, Any]:
    """Return what a service recognises in a frame.

    Raises:
        Unsupported: when it does not give that kind.
        ModelUnavailable: when its model fails.
    """
    with model_errors(f"vision service {session.service.name}"):
        items = recognised(session, kind, frame, wanted)
    return {"service": session.service.name, "width_px": frame.width, "height_px": frame.height, kind.plural: items}


def recognised(session: Session, kind: type[Prediction], frame: Frame, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the items of a reply, in the order of their kind: the most confident first, or those that cover most.

    Raises:
        ModelError: when the service does not give that kind, or its model fails.
    """
    found = session.predict(kind, frame)
    n = kind.default_count if wanted.n is None else wanted.n
    size = frame.width, frame.height
    return [item.to_wire(*size) for item in top(keep(found, wanted.threshold), n, size)]
