"""Replies use the present configuration."""

from __future__ import annotations

from pathlib import Path

from pipeline import parse
from tests.server.served import CAMERAS, Served, problem

LATER = (
    CAMERAS.replace("name: gone", "name: back")
    + """
  - {name: whole, model: image_file, attributes: {path: still.png, frame_rate: 50}}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 100}
server: {port: 0, allow_image_urls: true, tokens: [a-token-of-later]}
"""
)


def test_every_reply_uses_the_present_configuration(tmp_path: Path) -> None:
    bearer = {"Authorization": "Bearer a-token-of-later"}
    with Served(tmp_path) as served:
        client, backend = served.client, served.running.backend
        assert (client.get("/api/vision").json(), backend.images) == ([], None)
        assert client.get("/api/cameras/whole").status_code == 404
        served.running.graph.reconfigure(parse(LATER, "later.yaml", tmp_path))
        assert problem(client.get("/api/cameras"))[0] == 401
        names = [camera["name"] for camera in client.get("/api/cameras", headers=bearer).json()]
        assert names == ["still", "seen", "secret", "back", "whole"]
        assert client.get("/api/cameras/whole/image", headers=bearer).status_code == 200
        (service,) = client.get("/api/vision", headers=bearer).json()
        assert service["name"] == "red"
        found = client.get("/api/vision/red/detections", params={"camera": "whole"}, headers=bearer).json()
        first = len(found["detections"])
        assert backend.images is not None
        # Another service takes the name while the session of the first one is still kept for the next request.
        served.running.graph.reconfigure(parse(LATER.replace("#ff0000", "#00ff00"), "later.yaml", tmp_path))
        found = client.get("/api/vision/red/detections", params={"camera": "whole"}, headers=bearer).json()
        assert (first, len(found["detections"])) == (1, 0)
