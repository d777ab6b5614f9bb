"""Cameras that give no pictures, and requests that wait for them."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .attacks import CAMERAS, address, answer, connected, head, serving


def test_requests_for_a_dead_camera_leave_room_for_those_of_others(tmp_path: Path) -> None:
    """Before, 70 requests for pictures of a dead camera blocked those of a healthy one."""
    text = CAMERAS.replace(
        "cameras:\n", "cameras:\n  - {name: dead, model: stream, attributes: {url: 'http://127.0.0.1:1/'}}\n"
    )
    with serving(tmp_path, text=text) as server, contextlib.ExitStack() as stack:
        for _ in range(70):
            made = stack.enter_context(connected(address(server)))
            made.sendall(head("/api/cameras/dead/image", method="GET"))
        # Those beyond the share of the camera are refused at once.
        assert answer(made).status == 503
        with ThreadPoolExecutor(8) as clients:
            images = clients.map(lambda _: server.client.get("/api/cameras/pattern/image").status_code, range(8))
        assert set(images) == {200}
