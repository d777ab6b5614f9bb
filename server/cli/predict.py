"""Pictures from files, for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cameras import PictureLimits, Prediction, safe_text
from pipeline import bug_message
from vision import ModelError, Session

from ..core import PICTURE_LIMITS, RequestError, Wanted, decode, recognised

FILE_BYTES_MAX = 500_000_000
"""Most bytes read from a file: a device may have no end."""


class Failed(dict[str, Any]):
    """The line of a picture that failed."""


def predictions(
    session: Session,
    kinds: Mapping[str, type[Prediction]],
    files: Iterable[str],
    wanted: Wanted,
    limits: PictureLimits = PICTURE_LIMITS,
) -> Iterator[dict[str, Any]]:
    """Yield the predictions of a service for each file, in order; a file that fails does not stop the rest.

    Args:
        session: A session of the service.
        kinds: All kinds of predictions by their plural; a line has those that the service gives.
        files: Paths of pictures.
        wanted: The limits for each kind.
        limits: The limits of each picture.

    Yields:
        The JSON object of a line: the predictions, or the error.
    """
    given = [kind for plural, kind in kinds.items() if plural in session.service.kinds]
    for file in files:
        try:
            frame = decode(_bytes_of(file), limits=limits)
            found = {kind.plural: recognised(session, kind, frame, wanted) for kind in given}
        except OSError as error:
            yield Failed(file=file, error=f"cannot be read: {error.strerror or error}")
        except (RequestError, ModelError, ValueError) as error:
            yield Failed(file=file, error=safe_text(str(error)))
        except Exception as error:  # a bug in a plugin must not stop the rest
            yield Failed(file=file, error=bug_message(error))
        else:
            yield {"file": file, "width_px": frame.width, "height_px": frame.height, **found}


def _bytes_of(file: str) -> bytes:
    data = bytearray()
    with Path(file).open("rb") as opened:
        while chunk := opened.read(1 << 20):
            data += chunk
            if len(data) > FILE_BYTES_MAX:
                raise ValueError(f"cannot be read: a picture can have at most {FILE_BYTES_MAX // 1_000_000} MB")
    return bytes(data)
