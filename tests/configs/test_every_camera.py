"""Every camera of every configuration that comes with the program gives a frame."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from pipeline import Chain, load, make_camera
from transforms import paint

CONFIGS = Path(__file__).parents[2] / "configs"
EVERY = [(path, name) for path in sorted(CONFIGS.glob("*.yaml")) for name in load(path).cameras]


@pytest.mark.parametrize(("path", "camera"), EVERY, ids=[f"{path.stem}: {name}" for path, name in EVERY])
def test_a_camera_gives_frames(path: Path, camera: str, caplog: pytest.LogCaptureFixture) -> None:
    config = load(path)
    with closing(Chain(config, camera)) as chain:
        source = make_camera(chain.root, config.tables, paced=False)
        with closing(source):
            source.open()
            chain.open()
            for came in islice(iter(source.read, None), 2):
                frame = paint(chain.apply(came)[0], chain.styles[0])
                assert frame.image.max() > 50, "something is to be seen"
    assert caplog.messages == [], "and nothing had to be hidden"
