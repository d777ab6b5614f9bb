"""Floods of offers, and offers that would make the server work or send for an attacker."""

from __future__ import annotations

import os
import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.offers import OFFER, SDP
from tests.server.served import problem
from tests.serving import Serving

CONFIG = """
cameras:
  - {{name: scene, model: test_pattern, attributes: {{width_px: 64, height_px: 64, frame_rate: 5}}}}
server: {{limits: {{{limits}}}}}
"""
COSTLY_OFFERS = 10
COST_S = 0.1
"""Most time in which the event loop may stand still."""
OFFERS = 200  # no more, so that the first are not dropped meanwhile, ten seconds after their answer
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


def serving(folder: Path, **limits: int) -> Serving:
    """Return the program with one small camera and these limits."""
    words = ", ".join(f"{key}: {value}" for key, value in limits.items())
    (folder / "c.yaml").write_text(CONFIG.format(limits=words))
    return Serving("c.yaml", cwd=folder)


def offered(server: Serving, text: str = OFFER) -> httpx.Response:
    return server.client.post("/whep/scene", content=text, headers=SDP)


def loop_cpu_s(server: Serving) -> float:
    """Return the CPU time of the event loop, in the program's first thread; the load of others does not count."""
    pid = server.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def open_sockets(server: Serving) -> int:
    """Return the number of open sockets of the program."""
    folder = Path(f"/proc/{server.process.pid}/fd")
    names = (os.readlink(entry) for entry in folder.iterdir() if os.path.lexists(entry))
    return sum(name.startswith("socket:") for name in names)


def test_of_many_offers_few_are_answered_and_the_others_are_told_when_to_try_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.client.get("/healthz")
        before = open_sockets(server)
        answers = [offered(server) for _ in range(OFFERS)]
        accepted = [answer for answer in answers if answer.status_code == 201]
        assert len(accepted) == 24
        assert open_sockets(server) - before <= 24
        status, detail = problem(answers[-1])
        assert status == 429 and "32, which is server.limits.pending_offers" in detail
        assert answers[-1].headers["retry-after"] == "2"
        assert {answer.status_code for answer in answers} == {201, 429}
        for answer in accepted:
            assert server.client.delete(answer.headers["location"]).status_code == 200
        assert open_sockets(server) <= before
        assert offered(server).status_code == 201


@pytest.mark.parametrize(
    ("limits", "status", "detail"),
    [
        ({"viewers": 2}, 503, "there are 2 viewers, the most that server.limits.viewers allows"),
        (
            {"viewers_per_camera": 2},
            503,
            "camera scene has 2 viewers, the most that server.limits.viewers_per_camera allows",
        ),
        (
            {"viewers_per_address": 2},
            429,
            "there are 2 viewers from this address, the most that server.limits.viewers_per_address allows",
        ),
    ],
)
def test_the_third_viewer_is_refused_before_its_offer_is_read(
    tmp_path: Path, limits: dict[str, int], status: int, detail: str
) -> None:
    with serving(tmp_path, **limits) as server:
        first, second = offered(server), offered(server)
        assert (first.status_code, second.status_code) == (201, 201)
        for text in (OFFER, "no SDP"):
            refused = offered(server, text)
            assert problem(refused) == (status, detail)
            assert refused.headers["retry-after"] == "10"
        assert server.client.delete(first.headers["location"]).status_code == 200
        assert offered(server).status_code == 201


def test_an_sdp_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, sdp_bytes=2000) as server:
        assert problem(offered(server, OFFER + "a=x:" + "y" * 2000))[0] == 413
        location = offered(server).headers["location"]
        fragment = server.client.patch(location, content="a=x:" + "y" * 2000, headers=FRAGMENT)
        assert problem(fragment)[0] == 413


@pytest.mark.parametrize(
    "lines",
    [
        "".join(f"a=ssrc:{n} cname:x\r\n" for n in range(2800)),
        "".join(f"a=rtpmap:{n} VP8/90000\r\na=rtcp-fb:{n} nack\r\n" for n in range(256)),
        "\n" * 60_000,
    ],
    ids=["59 kB of a=ssrc", "every codec with its feedback", "60,000 empty lines"],
)
def test_an_offer_that_would_take_long_to_parse_is_refused_at_once(tmp_path: Path, lines: str) -> None:
    with serving(tmp_path) as server:
        assert offered(server).status_code == 201
        before = loop_cpu_s(server)
        for _ in range(COSTLY_OFFERS):
            assert problem(offered(server, OFFER + lines))[0] == 400
        assert (loop_cpu_s(server) - before) / COSTLY_OFFERS < COST_S
        assert offered(server).status_code == 201


def test_the_largest_offer_that_is_answered_costs_little(tmp_path: Path) -> None:
    head, media = OFFER[: OFFER.index("m=")], OFFER[OFFER.index("m=") :]
    lines = "".join(f"a=ssrc:{n} cname:x\r\na=extmap:{n + 1} urn:x\r\n" for n in range(50))
    parts = "".join(media.replace("a=mid:0", f"a=mid:{n}") + lines for n in range(8))
    with serving(tmp_path) as server:
        assert offered(server).status_code == 201
        before = loop_cpu_s(server)
        for _ in range(COSTLY_OFFERS):
            assert offered(server, f"{head}a=group:BUNDLE 0 1 2 3 4 5 6 7\r\n{parts}").status_code == 201
        assert (loop_cpu_s(server) - before) / COSTLY_OFFERS < COST_S


@pytest.fixture
def targets() -> Iterator[list[socket.socket]]:
    """UDP sockets at 40 ports of one host, and last one at another host."""
    with ExitStack() as stack:
        sockets = []
        for host in ["127.0.0.1"] * 40 + ["127.0.0.2"]:
            sockets.append(stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
            sockets[-1].bind((host, 0))
        yield sockets


def candidates(sockets: list[socket.socket]) -> str:
    """Return candidates for the addresses of these sockets, the first one with the highest priority."""
    return "".join(
        f"a=candidate:{number} 1 udp {2_000_000_000 - number} {host} {port} typ host\r\n"
        for number, (host, port) in enumerate(each.getsockname() for each in sockets)
    )


def test_an_offer_makes_the_server_send_to_few_ports_of_a_host(tmp_path: Path, targets: list[socket.socket]) -> None:
    with serving(tmp_path) as server:
        location = offered(server, OFFER + candidates(targets[:30])).headers["location"]
        fragment = "a=mid:0\r\na=ice-ufrag:abcd\r\n" + candidates(targets[30:])
        assert server.client.patch(location, content=fragment, headers=FRAGMENT).status_code == 204
        # ICE checks go by priority, so those of all others have been sent when the last one arrives.
        assert select.select([targets[-1]], [], [], 20)[0]
        server.client.delete(location)
        reached = select.select(targets, [], [], 0)[0]
        assert len(reached) == 8 + 1


def test_only_few_candidates_are_tried(tmp_path: Path, targets: list[socket.socket]) -> None:
    with serving(tmp_path, candidates=3) as server:
        answer = offered(server, OFFER + candidates(targets[:2]))
        location = answer.headers["location"]
        fragment = candidates([targets[-1], *targets[2:]])
        assert server.client.patch(location, content=fragment, headers=FRAGMENT).status_code == 204
        assert select.select([targets[-1]], [], [], 20)[0]
        server.client.delete(location)
        assert set(select.select(targets, [], [], 0)[0]) == {*targets[:2], targets[-1]}
        assert re.search("a=candidate:.* 127.0.0.1 ", answer.text)
