"""What makes a camera's frames is exchanged while a browser watches: its video plays on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from pipeline import parse
from tests.server.served import Served

from .browsers import Viewer

CONFIG = """
cameras:
  - {name: still, model: image_file, attributes: {path: still.png, frame_rate: 15}}
  - {name: wide, model: test_pattern, attributes: {width_px: 320, height_px: 160, frame_rate: 30}}
  - name: shown
    model: transform
    attributes: {source: wide, pipeline: [{type: identity}]}
"""


def test_a_browser_plays_on_while_producers_are_exchanged(page: Page, tmp_path: Path) -> None:
    with Served(tmp_path, CONFIG) as served:
        graph, feed = served.running.graph, served.running.graph.feeds["shown"]
        page.goto(f"{served.running.url}healthz")
        viewer = Viewer(page, "shown")
        seen = [viewer.wait_for(15)]
        newest: list[Any] = [feed.latest]
        changes = [
            # other transforms
            ("shown", CONFIG.replace("{type: identity}", "{type: rotate, attributes: {angle_degs: 90}}")),
            # another source
            ("shown", CONFIG.replace("source: wide", "source: still")),
            # the first again, which lingers
            ("shown", CONFIG),
            # a changed attribute of the source below
            ("wide", CONFIG.replace("width_px: 320", "width_px: 240")),
        ]
        for camera, text in changes:
            assert graph.reconfigure(parse(text, "changed.yaml", tmp_path)).cameras.changed == (camera,)
            seen.append(viewer.wait_for(15))
            newest.append(feed.latest)
        assert [(each.width_px, each.height_px) for each in seen] == [
            (320, 160),
            (160, 320),
            (64, 48),
            (320, 160),
            (240, 160),
        ]
        sequences = [frame.sequence for frame in newest]
        times = [frame.time_s for frame in newest]
        assert sequences == sorted(set(sequences)) and times == sorted(set(times))
        status = served.client.get("/api/cameras/shown").json()
        assert (status["viewers"], len(status["sessions"]), status["error"]) == (1, 1, None)
        assert seen[-1].connection == "connected"
        # What is watched no more closes after its linger; the rest goes with the viewer.
        assert not graph.feeds["still"].watched
        viewer.leave()
