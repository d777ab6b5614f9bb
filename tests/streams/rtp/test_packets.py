from __future__ import annotations

from array import array

from streams.rtp import Extensions, Layout
from streams.rtp.layout import SEND_TIME_AT, send_time
from streams.rtp.limits import PAYLOAD_MAX
from streams.rtp.packets import CALL_PACKETS_MAX, Call, laid_out, restamped

LAYOUT = Layout(96, 10)
HEAD, TAG = 12, 10


def sizes(*payloads: int) -> list[list[int]]:
    """Return the lengths of the packets of each call, without tags."""
    calls = laid_out([bytes([65]) * size for size in payloads], LAYOUT, 0.0, 0.0)
    for call in calls:
        assert list(call.starts) == [number * call.segment_bytes for number in range(len(lengths(call)))]
        assert {length + TAG for length in lengths(call)[:-1]} <= {call.segment_bytes}
        assert len(call.data) == call.starts[-1] + lengths(call)[-1] + TAG
    return [[length - HEAD for length in lengths(call)] for call in calls]


def lengths(call: Call) -> list[int]:
    return list(array("i", call.lengths))


def test_packets_of_equal_size_and_a_smaller_last_one_leave_in_one_call() -> None:
    assert sizes(100, 100, 30) == [[100, 100, 30]]
    assert sizes(100) == [[100]]
    assert sizes(30, 100, 100) == [[30], [100, 100]]
    assert sizes(100, 30, 30) == [[100, 30], [30]]
    assert sizes(30, 100, 100, 20, 100, 5) == [[30], [100, 100, 20], [100, 5]]


def test_a_call_has_at_most_so_many_packets_and_bytes() -> None:
    assert [len(call) for call in sizes(*[10] * (CALL_PACKETS_MAX + 1))] == [CALL_PACKETS_MAX, 1]
    assert [len(call) for call in sizes(*[PAYLOAD_MAX] * 60)] == [51, 9]
    limited = laid_out([bytes(978)] * 5, LAYOUT, 0.0, 0.0, bytes_max=2000)
    assert [len(call.data) for call in limited] == [2000, 2000, 1000]


def test_only_the_last_packet_of_a_picture_has_the_marker() -> None:
    calls = laid_out([b"a", b"bb", b"bb", b"c"], LAYOUT, 0.0, 0.0)
    marks = [call.data[start + 1] >> 7 for call in calls for start in call.starts]
    assert marks == [0, 0, 0, 1]


def test_a_picture_without_packets_has_no_calls() -> None:
    assert laid_out([], LAYOUT, 0.0, 0.0) == ()


def test_another_time_of_sending_changes_nothing_else() -> None:
    layout = Layout(96, 10, Extensions(mid=2, mid_value=b"video", send_time=1))
    (call,) = laid_out([b"aaaa", b"bb"], layout, 5.0, 0.0)
    later = restamped(call, 6.0)
    (same,) = laid_out([b"aaaa", b"bb"], layout, 6.0, 0.0)
    assert later == same
    assert later.data[SEND_TIME_AT : SEND_TIME_AT + 3] == send_time(6.0)
