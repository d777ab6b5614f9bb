"""How a camera that is passed through is judged."""

from benchmarks.figures.passthrough import CAMERAS, config, judged
from benchmarks.measuring import Outcome


def test_it_is_judged_beside_decoding_and_encoding() -> None:
    memory = (150.0, 150 + 3.0 * (CAMERAS - 1))
    share, percent, viewer, camera = judged([(0.012, 30), (0.014, 30)], [(0.4, 30), (0.35, 30)], memory).rows
    assert share.values == (0.012 / 0.4, 0.014 / 0.35)
    assert share.beside == "37.5 % of a core"
    assert percent.value == 1.3
    assert camera.value == 3
    assert [row.outcome for row in (share, percent, viewer, camera)] == [Outcome.REACHED] * 4


def test_a_viewer_who_misses_frames_is_no_success() -> None:
    _, percent, viewer, camera = judged([(0.021, 20)], [(0.4, 30)], (150, 150 + 5 * CAMERAS)).rows
    assert [row.outcome for row in (percent, viewer, camera)] == [Outcome.MISSED] * 3


def test_each_camera_says_which_way_it_goes() -> None:
    assert config("rtsp://127.0.0.1/feed", 2, "never").count("passthrough: never") == 2
