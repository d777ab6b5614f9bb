"""A network of its own for what is measured beside peers that refuse loopback addresses."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ADDRESS = "10.77.0.1"
_CLONE_NEWNET = 0x40000000  # of <sched.h>; os.unshare comes with Python 3.12
_COMMANDS = (
    "link set lo up",
    "link add v0 type veth peer name v1",
    f"addr add {ADDRESS}/24 dev v0",
    "link set v0 up",
    "link set v1 up",
)


class NoNetwork(RuntimeError):
    """This user or this kernel cannot make a network namespace."""


@contextlib.contextmanager
def own_network() -> Iterator[str]:
    """Put this thread, and the threads and processes that it starts, into a network namespace with one address.

    Nothing outside is reachable from there, and no port is taken. It ends with the last process in it.

    Yields:
        The address, which is not a loopback one: libnice, on which Janus stands, gathers no loopback candidates.

    Raises:
        NoNetwork: It takes root and iproute2.
    """
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        _call("unshare", _CLONE_NEWNET)
        try:
            for command in _COMMANDS:
                try:
                    subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True)
                except (OSError, subprocess.CalledProcessError) as error:
                    raise NoNetwork(f"ip {command}: {getattr(error, 'stderr', '') or error}") from error
            yield ADDRESS
        finally:
            _call("setns", before.fileno(), _CLONE_NEWNET)


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise NoNetwork(f"{name} of a network namespace: {os.strerror(number)}; it takes root")
