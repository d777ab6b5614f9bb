"""The network of a benchmark: how it is set up, and that the thread leaves it again."""

import subprocess
from typing import Any

import pytest

from benchmarks.measuring import NoNetwork, network, own_network


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what is called instead of the kernel and of ``ip``."""
    found: list[str] = []

    def run(command: list[str], **_: Any) -> None:
        found.append(" ".join(command))

    monkeypatch.setattr(network, "_call", lambda name, *arguments: found.append(name))
    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_it_has_one_address_and_ends(calls: list[str]) -> None:
    with own_network() as address:
        assert calls[0] == "unshare"
        assert f"ip addr add {address}/24 dev v0" in calls
        assert calls[-1] == "ip link set v1 up"
    assert calls[-1] == "setns"


def test_the_thread_leaves_it_where_it_cannot_be_set_up(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(command: list[str], **_: Any) -> None:
        raise FileNotFoundError("no ip here")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(NoNetwork, match="ip link set lo up: no ip here"), own_network():
        raise AssertionError("it is not there")
    assert calls == ["unshare", "setns"]


def test_a_kernel_that_refuses_says_why() -> None:
    with pytest.raises(NoNetwork, match="setns of a network namespace: Bad file descriptor; it takes root"):
        network._call("setns", -1, 0)
