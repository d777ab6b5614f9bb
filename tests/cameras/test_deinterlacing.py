"""Deinterlacing, on a bar that moves between the two fields of each picture."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from cameras.video_file import VideoFile, VideoFileAttributes


def interlaced(path: Path, *, marked: bool = True, codec: str = "libx264") -> Path:
    """Write ten pictures of a vertical bar that moves by 8 pixels from field to field."""
    options = {"x264-params": "bframes=0:tff=1" if marked else "bframes=0", "crf": "5"}
    if codec != "libx264":
        options = {"flags": "+ildct+ilme"} if marked else {}
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 240, 96, "yuv420p"
        for number in range(10):
            image = np.zeros((96, 240, 3), np.uint8)
            image[0::2, number * 16 + 8 : number * 16 + 40] = 255
            image[1::2, number * 16 + 16 : number * 16 + 48] = 255
            frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format="yuv420p", threads=1)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def combed(path: Path, **attributes: Any) -> tuple[float, list[float]]:
    """Return how much neighbouring rows differ, and the times of the pictures."""
    file = VideoFile("tape", VideoFileAttributes(path=path, **attributes), paced=False)
    file.open()
    frames = []
    try:
        while True:
            frames.append(file.read())
    except Exception as end:
        assert "has ended" in str(end)
    file.close()
    rows = [np.abs(np.diff(frame.image[..., 0].astype(int), axis=0)).mean() for frame in frames]
    return float(np.mean(rows[1:-1])), [round(frame.time_s, 4) for frame in frames]


TIMES = [round(number / 25, 4) for number in range(10)]


def test_marked_pictures_are_deinterlaced_and_keep_their_times(tmp_path: Path) -> None:
    path = interlaced(tmp_path / "tape.mp4")
    before, times = combed(path, deinterlace="never")
    after, deinterlaced = combed(path)
    assert before > 10 and after < 4
    assert times == deinterlaced == TIMES


def test_unmarked_pictures_are_deinterlaced_on_request(tmp_path: Path) -> None:
    path = interlaced(tmp_path / "tape.mp4", marked=False)
    assert combed(path)[0] > 10
    after, times = combed(path, deinterlace="always")
    assert after < 4 and times == TIMES


@pytest.mark.parametrize(("name", "codec"), [("tape.ts", "mpeg2video"), ("tape.avi", "mpeg4"), ("tape.ts", "libx264")])
def test_other_codecs_and_files_are_deinterlaced_alike(tmp_path: Path, name: str, codec: str) -> None:
    after, times = combed(interlaced(tmp_path / name, codec=codec))
    assert after < 4 and times == TIMES
