"""All measurements of the server."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator

from ..core import Backend
from .cameras import camera_families, stage_families, stream_families
from .family import Family
from .formats import Format
from .models import model_families
from .program import program_families
from .viewers import viewer_families

TURN_S = 0.002
"""How long the measurements are read and written without a pause."""

_GZIP = 31  # zlib's word for the format of gzip with its largest window


def families(backend: Backend) -> Iterator[Family]:
    """Yield each metric with what the present caller may know. Nothing is opened, run or waited for."""
    yield from program_families(backend)
    yield from camera_families(backend)
    yield from stage_families(backend)
    yield from stream_families(backend)
    yield from viewer_families(backend)
    yield from model_families(backend)


async def measurements(backend: Backend, form: Format, *, packed: bool = False) -> bytes:
    """Return all measurements in a format, compressed by gzip or not.

    After a few milliseconds, which only very many cameras take, packets of live streams leave before it goes on.
    """
    loop = asyncio.get_running_loop()
    parts, gzip = [], zlib.compressobj(1, wbits=_GZIP)  # of nearly equal lines, more effort makes little less
    pack = gzip.compress if packed else bytes
    ends_s = loop.time() + TURN_S
    for family in families(backend):
        parts.append(pack(form.text(family).encode()))
        if loop.time() > ends_s:
            await asyncio.sleep(0)
            ends_s = loop.time() + TURN_S
    parts.append(pack(form.end.encode()))
    if packed:
        parts.append(gzip.flush())
    return b"".join(parts)
