"""A viewer that reaches the server through a TURN relay only."""

import re
from pathlib import Path

from playwright.sync_api import Page, Route

from cameras.pattern.scene import read_frame_number
from tests.serving import Serving

from .browsers import Viewer
from .turn import PASSWORD, USER, TurnServer

CONFIG = """
cameras:
  - {{name: scene, model: test_pattern, attributes: {{width_px: 640, height_px: 360, frame_rate: 30}}}}
server:
  ice:
    servers: [{{urls: ["{url}"], username: {user}, credential: {password}}}]
"""
NOBODY = "a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\n"
DIRECT = re.compile(r"a=candidate:[^\r]* typ (host|srflx)[^\r]*\r\n")


def only_relayed(route: Route) -> None:
    """Let the viewer see no address of the server but the relayed one.

    The server is told a port where nobody is: the relay lets in what its client has named the address of.
    """
    offer = route.request.post_data
    assert offer is not None and "a=candidate:" not in offer
    answer = route.fetch(post_data=offer + NOBODY)
    assert "typ relay" in answer.text()
    route.fulfill(response=answer, body=DIRECT.sub("", answer.text()))


def test_a_relayed_viewer_plays_beside_a_direct_one(page: Page, tmp_path: Path) -> None:
    with TurnServer(tmp_path) as turn:
        (tmp_path / "scene.yaml").write_text(CONFIG.format(url=turn.url, user=USER, password=PASSWORD))
        with Serving("scene.yaml", cwd=tmp_path) as serving:
            page.goto(f"{serving.url}healthz")
            page.route(re.compile("/whep/"), only_relayed, times=1)
            relayed, direct = Viewer(page, "scene"), Viewer(page, "scene")
            relayed.wait_for(60)
            direct.wait_for(1)
            assert [viewer.statistics().path for viewer in (relayed, direct)] == ["relay", "host"]
            number = read_frame_number(relayed.picture())
            assert number is not None and number >= 60
            assert serving.camera("scene")["viewers"] == 2
