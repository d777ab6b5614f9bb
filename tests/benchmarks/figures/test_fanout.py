"""How the cost of a packet is judged, and that the bare loop does its work."""

import contextlib
import socket
import struct
from pathlib import Path

import pytest
from pylibsrtp import Policy

from benchmarks.figures import fanout
from benchmarks.figures.bare_sender import HEADER, Receiver, send
from benchmarks.figures.fanout import FEW, MANY, PROFILES, Load, Round, Slope, feed_config, judged, load_from
from benchmarks.measuring import Count, NoNetwork, Outcome, Program, ProgramError
from benchmarks.workloads import Inputs
from pipeline import load


def slope(packet_us: float, *, fps: float = 30, lost: int = 0) -> Slope:
    """Give a server with a fixed cost of 0.2 cores that takes so long for each packet."""
    few, many = (Load(0.2 + 1e-6 * packet_us * 240 * number, 240 * number, fps, lost) for number in (FEW, MANY))
    return Slope(few, many)


def test_the_fixed_cost_cancels_out() -> None:
    assert slope(5).packet_us == pytest.approx(5)


def test_a_load_is_that_of_the_viewer_who_got_the_least() -> None:
    found = load_from(1.5, [Count(1200, 150, 0), Count(1100, 140, 100)], 5)
    assert found == Load(0.3, 460, 28, 100)


def test_it_is_judged_beside_both() -> None:
    rounds = {"AES-CM-SHA1": [Round(slope(5), slope(20), 8.0), Round(slope(7), slope(20), 8.0)]}
    cost, janus, bare, frames = judged(rounds, "").rows
    assert cost.values == pytest.approx((5, 7))
    assert cost.beside == "Janus: 20.0; the bare loop: 8.0"
    assert janus.values == pytest.approx((0.25, 0.35))
    assert janus.outcome is Outcome.REACHED
    assert bare.values == pytest.approx((0.625, 0.875))
    assert bare.outcome is Outcome.REACHED
    assert frames.outcome is Outcome.REACHED
    assert len(judged(rounds, "").details) == 4


def test_viewers_that_get_less_are_no_success() -> None:
    found = judged({"AES-GCM": [Round(slope(5, fps=20, lost=3), None, 8.0)]}, "no Janus here", ["round 2: gone"])
    cost, bare, frames = found.rows
    assert cost.beside == "no Janus here; the bare loop: 8.0"
    assert bare.outcome is Outcome.REACHED
    assert frames.outcome is Outcome.MISSED
    assert frames.beside == "packets lost: 3"
    assert found.notes == ["no Janus here", "round 2: gone"]


def test_who_runs_first_alternates_and_a_failed_round_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def ours(*_: object) -> Slope:
        order.append("ours")
        if len(order) == 1:
            raise ProgramError("busy")
        return slope(5)

    def theirs(*_: object) -> Slope:
        order.append("theirs")
        return slope(20)

    monkeypatch.setattr(fanout, "render", lambda *_, **__: None)
    monkeypatch.setattr(fanout, "own_network", lambda: contextlib.nullcontext("10.77.0.1"))
    monkeypatch.setattr(fanout, "janus_missing", lambda: "")
    monkeypatch.setattr(fanout, "_ours", ours)
    monkeypatch.setattr(fanout, "_janus", theirs)
    monkeypatch.setattr(fanout, "bare_us", lambda profile, packets: float(packets))
    monkeypatch.setattr(fanout, "PROFILES", {"AES-GCM": PROFILES["AES-GCM"]})
    found = fanout.measure(Program(tmp_path, "this", tmp_path), Inputs(tmp_path, tmp_path, b"", tmp_path, None, 1))
    assert order == ["ours", "theirs", "ours", "ours", "theirs"]
    assert found.notes == ["round 1, AES-GCM: busy"]
    assert found.rows[0].beside.endswith("the bare loop: 8.0"), "as many packets a frame as the server sent"


def test_without_a_network_of_its_own_it_goes_without_janus(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NoNetwork("it takes root")

    monkeypatch.setattr(fanout, "own_network", refuse)
    with fanout.beside_janus() as found:
        assert found == ("127.0.0.1", "no Janus here: it takes root")


def test_the_configuration_admits_all_viewers(tmp_path: Path) -> None:
    path = tmp_path / "feed.yaml"
    path.write_text(feed_config("rtsp://127.0.0.1:8554/feed", "10.77.0.1"), "utf-8")
    config = load(path)
    assert list(config.cameras) == ["feed"]
    assert config.server.ice.addresses == ("10.77.0.1",)
    assert config.server.limits.viewers_per_camera >= MANY


@pytest.mark.parametrize(
    ("profile", "tag"),
    [(Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 10), (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 16)],
)
def test_the_bare_loop_sends_every_packet_to_each(profile: int, tag: int) -> None:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
            each.settimeout(10)
        receivers = [Receiver(each.getsockname()[1], profile) for each in sockets]
        assert send(receivers, number=3, size=100, frames=2, rate=1000) > 0
        for each, receiver in zip(sockets, receivers, strict=True):
            packets = [each.recv(2048) for _ in range(6)]
            heads = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
            assert [head[2] for head in heads] == list(range(6))
            assert [head[1] >> 7 for head in heads] == [0, 0, 1] * 2
            assert [head[3] for head in heads] == [0] * 3 + [3000] * 3
            assert {head[4] for head in heads} == {receiver.ssrc}
            assert {len(packet) for packet in packets} == {HEADER.size + 100 + tag}
            receiver.socket.close()
    finally:
        for each in sockets:
            each.close()


def test_the_cost_of_the_bare_loop_is_that_of_a_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "MANY", 2)
    monkeypatch.setattr(fanout, "MEASURED_S", 0.1)
    assert 0 < fanout.bare_us(PROFILES["AES-CM-SHA1"], 2) < 10_000


def test_a_bare_loop_that_fails_says_why() -> None:
    with pytest.raises(ProgramError, match="invalid choice: 'rot13'"):
        fanout.bare_us("rot13", 2)
