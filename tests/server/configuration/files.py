"""A configuration file that tests change, and a running graph that follows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import Graph, load
from server.configuration import ConfigFile, Reloader, ServeOptions

TEXT = """\
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 64, height_px: 64}}  # painted
  - name: seen
    model: transform
    attributes:
      source: scene
      pipeline:
        - type: detections
          attributes: {detector_name: red, confidence_threshold: 0.5}
        - {type: crop, attributes: {x_max_px: 0.5, y_max_px: 1}}
services:
  - name: red
    type: vision
    model: color_detector
    attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}
"""


def written(folder: Path, text: str = TEXT) -> Path:
    """Return the path of a new file."""
    path = folder / "cameras.yaml"
    path.write_text(text, "utf-8")
    return path


@contextmanager
def reloading(path: Path, options: ServeOptions = ServeOptions()) -> Iterator[tuple[Reloader, Graph, list[str]]]:  # noqa: B008
    """Yield what follows a file, the open graph, and a list that grows with every change."""
    file = ConfigFile(load(path), options)
    graph, changes = Graph(file.served), list[str]()
    graph.open()
    try:
        yield Reloader(file, graph, lambda: changes.append("changed")), graph, changes
    finally:
        graph.close()
