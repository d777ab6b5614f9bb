"""The process of a draft, as far as no real one is needed."""

import os
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline import Graph, parse
from server.drafts.channel import TAKEN, receive_frame
from server.drafts.process import Feeder, end_of, resident_bytes

TEXT = """
cameras:
  - {name: scene, model: test_pattern, linger_s: 0, attributes: {width_px: 64, height_px: 64, frame_rate: 100}}
"""


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    running = Graph(parse(TEXT, "porch.yaml", tmp_path))
    yield running
    running.close()


class Clock:
    """A clock that each look moves on."""

    def __init__(self, step_s: float) -> None:
        self.now_s = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def ended(name: str) -> None:
    """Wait for the end of a thread."""
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (-11, "the draft crashed (SIGSEGV); a native library or a plugin is to blame"),
        (-6, "the draft crashed (SIGABRT); a native library or a plugin is to blame"),
        (-9, "the system ended the draft; this machine may have no memory left"),
        (1, "the draft has ended by itself, with exit code 1"),
        (None, "the draft does not end; a driver may hang"),
    ],
)
def test_the_end_is_a_sentence(code: int | None, sentence: str) -> None:
    assert end_of(code) == sentence


def test_the_memory_of_a_process_is_what_only_it_uses() -> None:
    before = resident_bytes(os.getpid())
    kept = bytearray(os.urandom(1 << 20) * 64)
    assert 60_000_000 < resident_bytes(os.getpid()) - before < 200_000_000 and kept
    assert resident_bytes(2**22 + 1) == 0


def test_frames_are_sent_one_at_a_time_while_a_camera_is_followed(graph: Graph) -> None:
    feed = graph.feeds["scene"]
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.settimeout(5)
        feeder = Feeder(ours)
        feeder.follow(feed)
        _, first, _ = receive_frame(theirs)
        assert feed.watched
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):  # the next one waits for the answer
            theirs.recv(1)
        theirs.settimeout(5)
        theirs.sendall(TAKEN)
        _, second, _ = receive_frame(theirs)
        assert second.pts > first.pts
        feeder.follow(None)
        theirs.sendall(TAKEN)
        ended("draft of scene")
        assert not feed.watched
        feeder.close()


def test_frames_that_come_too_soon_are_left_out(graph: Graph) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.settimeout(5)
        feeder = Feeder(ours, clock=Clock(0.01))  # a hundredth of a second between two frames
        feeder.follow(graph.feeds["scene"])
        times_s = []
        for _ in range(4):
            times_s.append(receive_frame(theirs)[1].time_s)
            theirs.sendall(TAKEN)
        feeder.close()
        ended("draft of scene")
        # The first of them may come 0.01 s early, after four frames that were left out.
        assert min(after - before for before, after in pairwise(times_s)) > 0.045


def test_the_end_of_the_process_ends_the_watch(graph: Graph) -> None:
    feed = graph.feeds["scene"]
    ours, theirs = socket.socketpair()
    feeder = Feeder(ours)
    feeder.follow(feed)
    theirs.settimeout(5)
    receive_frame(theirs)
    theirs.close()
    ended("draft of scene")
    assert not feed.watched
    feeder.close()
    feeder.follow(feed)  # does nothing any more
