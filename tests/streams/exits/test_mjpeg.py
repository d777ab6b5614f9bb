"""Motion JPEG: parts that any reader of ``multipart/x-mixed-replace`` understands."""

import re

import pytest
from pydantic import ValidationError

from streams import EncodedFrame
from streams.encoding import JpegOptions
from streams.exits.mjpeg import MjpegMuxer, MjpegOptions


def test_each_part_has_its_length_number_and_time_and_ends_with_the_next_boundary() -> None:
    muxer = MjpegMuxer(MjpegOptions())
    frame = EncodedFrame(b"\xff\xd8...\xff\xd9", "mjpeg", 0, True, 64, 48, captured_at=1_700_000_000.25, sequence=7)
    assert muxer.begin(frame) == b"--frame\r\n"
    assert muxer.frame(frame, 0) == (
        b"Content-Type: image/jpeg\r\nContent-Length: 7\r\nX-Sequence: 7\r\nX-Captured-At: 2023-11-14T22:13:20.250000Z"
        b"\r\n\r\n\xff\xd8...\xff\xd9\r\n--frame\r\n"
    )
    assert re.search("boundary=frame$", muxer.media_type)


def test_readers_that_ask_for_the_same_share_an_encoder() -> None:
    assert MjpegOptions(width=320, fps=5, quality=70).encoding == JpegOptions(320, 5.0, 70)
    assert MjpegOptions().encoding == MjpegOptions(annotations=True).encoding
    assert MjpegOptions(annotations=False).choice is None
    assert MjpegOptions(fps=5).choice == MjpegOptions(fps=5.0).choice != MjpegOptions(fps=5, annotations=False).choice


@pytest.mark.parametrize(
    "wrong", [{"fps": 0}, {"fps": 121}, {"fps": "nan"}, {"quality": 0}, {"quality": 101}, {"width": 15}]
)
def test_absurd_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MjpegOptions.model_validate(wrong)
