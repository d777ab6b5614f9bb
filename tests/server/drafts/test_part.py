"""What a draft runs, and whose frames it takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cameras import Device
from pipeline import Config, ConfigError, Graph, TransformAttributes, parse
from server.core import Caller, Forbidden
from server.drafts.part import Part, part_of

TEXT = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 64, height_px: 64}}
  - {name: door, model: test_pattern, private: true, preload: true, attributes: {width_px: 96, height_px: 64}}
  - {name: desk, model: webcam, attributes: {video_path: /dev/video0}}
  - {name: found, model: transform, attributes: {source: scene, pipeline: [&red
      {type: detections, attributes: {detector_name: red}}]}}
  - {name: turned, model: transform, attributes: {source: found, pipeline: [
      {type: rotate, attributes: {angle_degs: 90}}]}}
  - {name: guarded, model: transform, attributes: {source: door, pipeline: [
      {type: rotate, attributes: {angle_degs: 90}}]}}
services:
  - {name: red, type: vision, model: color_detector, attributes: {detect_color: "#ff0000", hue_tolerance_pct: 0.1}}
  - {name: blue, type: vision, model: color_detector, attributes: {detect_color: "#0000ff", hue_tolerance_pct: 0.1}}
"""

Read = Callable[[str], Config]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return lambda text: parse(text, "porch.yaml", tmp_path)


@pytest.fixture
def graph(read: Read) -> Graph:
    return Graph(read(TEXT))


def refusal(part: Callable[[], Part]) -> str:
    with pytest.raises(ConfigError) as raised:
        part()
    return str(raised.value)


def test_it_is_the_camera_with_its_sources_and_what_they_use(read: Read, graph: Graph) -> None:
    config = read(TEXT.replace("angle_degs: 90", "angle_degs: 45"))
    part = part_of(config, "turned", graph, Caller())
    assert list(part.config.cameras) == ["scene", "found", "turned"]
    assert list(part.config.services) == ["red"]
    assert part.source is graph.feeds["scene"]
    assert part.config.cameras["scene"].model == "frames of a live camera"
    turned = part.config.cameras["turned"].attributes
    assert isinstance(turned, TransformAttributes) and "45" in repr(turned.pipeline[0])


def test_nothing_of_it_runs_without_being_watched(read: Read, graph: Graph) -> None:
    part = part_of(read(TEXT), "guarded", graph, Caller())
    assert part.source is graph.feeds["door"]
    assert not any(camera.preload for camera in part.config.cameras.values())


def test_a_renamed_source_is_still_the_served_camera(read: Read, graph: Graph) -> None:
    part = part_of(read(TEXT.replace("scene", "yard")), "yard", graph, Caller())
    assert part.source is graph.feeds["scene"]
    assert list(part.config.cameras) == ["yard"]


def test_a_changed_source_is_opened_by_the_draft(read: Read, graph: Graph) -> None:
    part = part_of(read(TEXT.replace("width_px: 64", "width_px: 80")), "found", graph, Caller())
    assert part.source is None
    assert part.config.cameras["scene"].model == "test_pattern"


def test_a_private_camera_is_not_shown(read: Read, graph: Graph) -> None:
    assert refusal(lambda: part_of(read(TEXT), "door", graph, Caller())) == (
        "porch.yaml:4:12: cameras[1]: is private: only other cameras may use its frames, so a draft does not show it"
    )
    opened = read(TEXT.replace("private: true, ", ""))
    assert refusal(lambda: part_of(opened, "door", graph, Caller())) == (
        "porch.yaml:4:12: cameras[1]: has the frames of door, which is private"
    )


def test_a_camera_that_is_not_in_the_text_is_a_problem(read: Read, graph: Graph) -> None:
    assert refusal(lambda: part_of(read(TEXT), "yard", graph, Caller())).endswith("no camera has this name")


@pytest.mark.parametrize("video_path", ["/dev/video0", "0", None])
def test_a_webcam_in_use_is_not_opened_again(
    read: Read, graph: Graph, video_path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.webcam.webcams", lambda: [Device("/dev/video0", "Desk")])
    wanted = "{width_px: 640}" if video_path is None else f"{{video_path: {video_path}, width_px: 640}}"
    config = read(TEXT.replace("{video_path: /dev/video0}", wanted))
    assert "/dev/video0 is in use by camera desk" in refusal(lambda: part_of(config, "desk", graph, Caller()))
    other = read(TEXT.replace("/dev/video0", "/dev/video1"))
    assert part_of(other, "desk", graph, Caller()).source is None


def test_a_limited_token_takes_frames_of_its_cameras_only(read: Read, graph: Graph) -> None:
    limited = Caller("editor", cameras=frozenset({"scene"}))
    assert part_of(read(TEXT), "turned", graph, limited).source is graph.feeds["scene"]
    with pytest.raises(Forbidden, match="does not allow the source of this camera, door"):
        part_of(read(TEXT), "guarded", graph, limited)
    # Otherwise it could open the address of another camera, with a password that it does not know.
    with pytest.raises(Forbidden, match="allows only served cameras as sources"):
        part_of(read(TEXT.replace("width_px: 64", "width_px: 80")), "scene", graph, limited)


def test_a_kind_that_no_other_process_finds_is_a_problem(read: Read, graph: Graph) -> None:
    part = part_of(read(TEXT), "turned", graph, Caller())
    hidden = type("Hidden", (), {"__module__": "nowhere"})
    part.config.cameras["turned"].__dict__["style"] = hidden
    with pytest.raises(ConfigError, match="a draft cannot use the kinds of this program"):
        part.pickled()


def test_a_host_has_a_limit_of_its_own_unless_its_frames_come_from_the_server(read: Read) -> None:
    text = TEXT.replace("test_pattern, attributes: {width_px: 64, height_px: 64}", "stream, attributes: {url: URL}")
    text = text.replace("URL", "'rtsp://127.0.0.1/', open_timeout_s: 7")
    config = read(text)
    assert part_of(config, "turned", Graph(read(TEXT)), Caller()).open_limit_s == 7
    assert part_of(config, "turned", Graph(config), Caller()).open_limit_s is None
    assert part_of(read(TEXT), "turned", Graph(config), Caller()).open_limit_s is None
