"""Memory for the pixels of pictures that two processes have mapped, so that no pixel is copied between them."""

from __future__ import annotations

import fcntl
import mmap
import os

import numpy as np
from numpy.typing import NDArray


def slots_file(slots: int, slot_bytes: int) -> int | None:
    """Return the descriptor of a file in memory for so many pictures; ``None`` where the system cannot seal a file.

    Its size is sealed: a process that made it smaller would end any other that reads what is no longer there.
    """
    if not (hasattr(os, "memfd_create") and hasattr(fcntl, "F_ADD_SEALS")):
        return None
    file = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(file, slots * slot_bytes)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except OSError:
        os.close(file)
        raise
    return file


def map_slots(file: int, slot_bytes: int) -> list[NDArray[np.uint8]]:
    """Map the file of :func:`slots_file`; return the memory of each slot. It is freed with the last view of any."""
    size = os.fstat(file).st_size
    memory = mmap.mmap(file, size) if size else b""
    return [np.frombuffer(memory, np.uint8, slot_bytes, start) for start in range(0, size, slot_bytes)]
