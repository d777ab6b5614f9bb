"""Workloads run on the program as it is: one of each way to drive it."""

from pathlib import Path

import pytest

from benchmarks.measuring import Program, ProgramError, Viewers, first_picture, jpeg, memory_mb, render
from benchmarks.workloads import WORKLOADS, Inputs
from benchmarks.workloads.base import SHAPES_DETECTOR, SHAPES_LABELS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    clip = tmp_path_factory.mktemp("clips") / "clip.mp4"
    render(clip, 320, 180, 20)
    return Inputs(clip, clip, jpeg(first_picture(clip)), SHAPES_DETECTOR, SHAPES_LABELS, 8)


def test_a_viewer_is_timed_from_its_offer_on(inputs: Inputs, tmp_path: Path) -> None:
    config = f'cameras: [{{name: clip, model: video_file, attributes: {{path: "{inputs.clip}", loop: true}}}}]'
    with Program(ROOT, "working tree", tmp_path).serve(config) as server, Viewers(server.url) as viewers:
        assert viewers.join_ms("clip") > 0
        assert viewers.packets() > 0
        (count,) = viewers.received_in(0.3)
        assert count.packets >= count.frames > 0
        assert count.lost == 0
        assert memory_mb(server.meter.pid) > 10
        with pytest.raises(ProgramError, match="join nothing"):
            viewers.join_ms("nothing")
        viewers.close(kept=1)
        assert viewers.packets() > 0
        viewers.close()
        assert viewers.packets() == 0


@pytest.mark.parametrize("name", ["annotate", "live", "chain", "predictions"])
def test_a_workload_runs(name: str, inputs: Inputs, tmp_path: Path) -> None:
    assert WORKLOADS[name].measure(Program(ROOT, "working tree", tmp_path), inputs) > 0
