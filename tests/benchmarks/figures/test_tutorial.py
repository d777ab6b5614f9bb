"""The tutorial's loop does the work that it is measured for: every frame is detected on, painted and encoded."""

import json
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import tutorial
from benchmarks.measuring import render
from benchmarks.workloads.base import SHAPES_DETECTOR

FRAMES = 3


def pictures(path: Path) -> list[NDArray[np.int64]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24").astype(np.int64) for frame in container.decode(video=0)]


def test_every_frame_has_the_boxes_of_the_detector(tmp_path: Path) -> None:
    clip, target = tmp_path / "clip.mp4", tmp_path / "painted.mp4"
    render(clip, 640, 360, FRAMES)
    tutorial.main(str(clip), str(target), str(SHAPES_DETECTOR), "1", json.dumps({"qp": "0", "bf": "0"}))
    given, painted = pictures(clip), pictures(target)
    assert len(painted) == FRAMES
    for before, after in zip(given, painted, strict=True):
        assert after.shape == (360, 640, 3)
        changed = np.abs(after - before).max(axis=2) > 60
        assert 100 < changed.sum() < 10_000
        green = after[changed]
        assert (green[:, 1] > green[:, [0, 2]].max(axis=1)).mean() > 0.8


def test_the_options_reach_the_encoder(tmp_path: Path) -> None:
    clip, sizes = tmp_path / "clip.mp4", []
    render(clip, 320, 180, FRAMES)
    for crf in ("10", "50"):
        target = tmp_path / f"{crf}.mp4"
        tutorial.main(str(clip), str(target), str(SHAPES_DETECTOR), "1", json.dumps({"crf": crf}))
        sizes.append(target.stat().st_size)
    assert sizes[0] > 3 * sizes[1]
