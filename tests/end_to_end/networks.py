"""Network namespaces: machines of a local network that exists for one test only."""

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

_NETWORK_NAMESPACE = 0x40000000  # CLONE_NEWNET of <sched.h>


@dataclass(frozen=True)
class Machine:
    """A machine of the network.

    Attributes:
        namespace: The name of its network namespace.
        address: Its IPv4 address.
    """

    namespace: str
    address: str

    @property
    def prefix(self) -> list[str]:
        """What stands before a command to run it on this machine."""
        return ["ip", "netns", "exec", self.namespace]

    def connect(self, port: int, timeout_s: float) -> socket.socket:
        """Return a connection to a port of its own loopback."""

        def connected() -> socket.socket:
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/var/run/netns/{self.namespace}") as file:
                if libc.setns(file.fileno(), _NETWORK_NAMESPACE):
                    raise OSError(ctypes.get_errno(), "setns")
            return socket.create_connection(("127.0.0.1", port), timeout_s)

        # A thread enters the namespace alone, and ends in it; a socket stays in the one where it was made.
        with ThreadPoolExecutor(1) as entering:
            return entering.submit(connected).result()


@contextmanager
def two_machines() -> Iterator[tuple[Machine, Machine]]:
    """Yield two machines that a cable connects; nothing else can be reached. Skip the test where that needs root."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs root, and iproute2: apt-get install iproute2")
    machines = tuple(Machine(f"camweave-{os.getpid()}-{number}", f"10.77.0.{number}") for number in (1, 2))
    first, second = machines
    try:
        for machine in machines:
            _run("ip", "netns", "add", machine.namespace)
            _run(*machine.prefix, "ip", "link", "set", "lo", "up")
        cable = ("eth0", "netns", first.namespace, "type", "veth", "peer", "name", "eth0", "netns", second.namespace)
        _run("ip", "link", "add", *cable)
        for machine in machines:
            _run(*machine.prefix, "ip", "address", "add", f"{machine.address}/24", "dev", "eth0")
            _run(*machine.prefix, "ip", "link", "set", "eth0", "up")
        yield first, second
    finally:
        for machine in machines:
            subprocess.run(["ip", "netns", "del", machine.namespace], capture_output=True, check=False)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
