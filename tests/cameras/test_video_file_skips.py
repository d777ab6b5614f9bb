"""Parts of a video file: every frame from a time on, exactly as without skipping, in every format."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cameras.base import CameraEnded, CameraError
from cameras.container import Container
from cameras.video_file import VideoFile, VideoFileAttributes

from .videos import noisy_blocks, write_video

FRAMES = 48
IN_MS = Fraction(1, 1000)
Shown = list[tuple[int, bytes]]


def uneven(first: int) -> list[int]:
    chance, times = random.Random(1), [first]
    while len(times) < FRAMES:
        times.append(times[-1] + chance.choice((20, 33, 40, 90)))
    return times


# Name of the file, whether its key frames are found by their time, and how it is written.
FILES: list[tuple[str, bool, dict[str, Any]]] = [
    ("b-frames.mp4", True, {"options": {"g": "12", "bf": "3"}}),
    ("open.mp4", True, {"options": {"g": "12", "bf": "3", "x264-params": "open-gop=1"}}),
    ("open.mkv", True, {"options": {"g": "12", "bf": "3", "x264-params": "open-gop=1"}}),
    ("uneven.mkv", True, {"options": {"g": "10"}, "pts": uneven(0), "time_base": IN_MS}),
    ("late.mp4", True, {"options": {"g": "10", "bf": "2"}, "pts": uneven(9000), "time_base": IN_MS}),
    ("late.mkv", True, {"options": {"g": "10", "bf": "2"}, "pts": uneven(9000), "time_base": IN_MS}),
    ("refresh.mp4", True, {"options": {"g": "12", "intra-refresh": "1"}}),
    ("one-key.mp4", True, {"options": {"g": "250"}}),
    ("mpeg4.mp4", True, {"codec": "mpeg4", "options": {"g": "10", "bf": "2"}}),
    ("broadcast.ts", False, {"options": {"g": "12"}}),
    ("old.avi", False, {"codec": "mpeg4", "options": {"g": "10"}}),
    ("raw.h264", False, {"options": {"g": "12"}}),
]


def opened(path: Path) -> VideoFile:
    file = VideoFile("street", VideoFileAttributes(path=path, drop_damaged=False), paced=False)
    file.open()
    return file


def rest_of(file: VideoFile) -> Shown:
    shown: Shown = []
    while True:
        try:
            frame = file.read()
        except CameraEnded:
            file.close()
            return shown
        shown.append((frame.pts, frame.pixels.yuv.y.tobytes()))


@pytest.mark.parametrize(("name", "has_index", "how"), FILES, ids=[name for name, _, _ in FILES])
def test_the_frames_from_a_time_on_are_those_of_the_whole_file(
    name: str, has_index: bool, how: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / name, (image[:48, :64] for image in noisy_blocks(FRAMES)), **how)
    seeks: list[bool] = []
    seek = Container.seek

    def noted(container: Container, pts: int) -> bool:
        seeks.append(seek(container, pts))
        return seeks[-1]

    monkeypatch.setattr(Container, "seek", noted)
    file = opened(path)
    time_base = file.read().time_base
    file.close()
    whole = rest_of(opened(path))
    assert len(whole) == FRAMES
    for number in (0, 1, 5, 11, 12, 13, 25, 36, FRAMES - 1):
        time_s = float(whole[number][0] * time_base)
        for start_s in (time_s, round(time_s, 6), time_s + 0.0101):
            file = opened(path)
            file.skip_to(start_s)
            expected = [shown for shown in whole if float(shown[0] * time_base) >= start_s - 0.5e-6]
            assert rest_of(file) == expected, start_s
    assert set(seeks) == {has_index}


def test_after_the_end_there_is_nothing(tmp_path: Path) -> None:
    path = write_video(tmp_path / "short.mp4", (image[:48, :64] for image in noisy_blocks(5)))
    file = opened(path)
    file.skip_to(1e9)
    with pytest.raises(CameraEnded, match="has ended"):
        file.read()
    file.close()
    with pytest.raises(CameraError, match="closed"):
        file.skip_to(0.1)


def test_only_what_follows_a_key_frame_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"g": "10", "bf": "0", "sc_threshold": "0"}
    path = write_video(tmp_path / "long.mp4", (image[:48, :64] for image in noisy_blocks(FRAMES)), options=options)
    decoded: list[object] = []
    next_frame = Container.next_frame

    def noted(container: Container) -> object:
        decoded.append(0)
        return next_frame(container)

    monkeypatch.setattr(Container, "next_frame", noted)
    file = opened(path)
    file.skip_to(42 / 25)
    frame = file.read()
    file.close()
    assert frame.time_s == 42 / 25
    assert len(decoded) == 1 + 3  # that of open, then 40 to 42
