"""What benchmarks look at is the same in every run."""

from pathlib import Path

import av
import numpy as np

from benchmarks.measuring import RATE, first_picture, render, repeat
from benchmarks.measuring.clips import pictures


def test_the_pictures_are_the_same_each_time_and_move() -> None:
    first, again = list(pictures(160, 90, 3)), list(pictures(160, 90, 3))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert first[0].shape == (90, 160, 3)
    assert not np.array_equal(first[0], first[2])


def test_a_clip_has_the_frames_and_the_rate_it_was_asked_for(tmp_path: Path) -> None:
    render(tmp_path / "clip.mp4", 160, 90, 12)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].average_rate == RATE
        assert len(list(container.decode(video=0))) == 12
    shown = first_picture(tmp_path / "clip.mp4").astype(int)
    assert np.abs(shown - next(pictures(160, 90, 1))).mean() < 12


def test_a_clip_is_repeated_without_a_gap(tmp_path: Path) -> None:
    render(tmp_path / "clip.mp4", 160, 90, 12)
    repeat(tmp_path / "clip.mp4", tmp_path / "long.mp4", 3)
    with av.open(str(tmp_path / "long.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert np.allclose(times, np.arange(36) / RATE)


def test_the_second_key_frame_comes_when_it_is_asked_for(tmp_path: Path) -> None:
    render(tmp_path / "clip.mp4", 160, 90, 25, 10, first_group=3)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        keys = [number for number, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert keys == [0, 3, 13, 23]
