from __future__ import annotations

from streams.viewing import TotalTraffic, Traffic


def test_counts_of_several_viewers_are_added() -> None:
    assert Traffic(1, 2, 3, 4, 5).plus(Traffic(10, 20, 30, 40, 50)) == Traffic(11, 22, 33, 44, 55)
    assert Traffic().plus(Traffic(packets=1)) == Traffic(0, 0, 1, 0, 0)


def test_those_who_have_left_still_count() -> None:
    total, cameras = TotalTraffic(), {"porch", "door"}
    assert total.of("porch", []) == {}
    total.leave("porch", "flv", Traffic(size=10), cameras)
    total.leave("porch", "flv", Traffic(size=5, skipped=1), cameras)
    total.leave("door", "flv", Traffic(size=7), cameras)
    present = [("flv", Traffic(size=1)), ("mjpeg", Traffic(size=2)), ("mjpeg", Traffic(size=3))]
    assert total.of("porch", present) == {"flv": Traffic(16, 1), "mjpeg": Traffic(5)}
    assert total.of("door", []) == {"flv": Traffic(7)}


def test_a_camera_that_is_gone_is_forgotten() -> None:
    total = TotalTraffic()
    total.leave("porch", "flv", Traffic(size=10), {"porch"})
    total.leave("door", "flv", Traffic(size=7), {"door"})
    assert total.of("porch", []) == {}
