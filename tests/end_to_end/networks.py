"""Network namespaces: machines of a local network that exists for one test only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


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
