"""Predictions inside H.264: where they stand, that decoders give them back, and what is refused."""

from __future__ import annotations

import json
import random
import re
import zlib
from functools import cache
from typing import Any, cast

import av
import pytest

from cameras import event_unit, read_event, user_data
from cameras import with_event as with_unit
from cameras.coded.messages import EVENT_UUID, JSON_BYTES_MAX, MESSAGE_BYTES_MAX, PLAIN_BYTES_MAX, messages

from ..videos import packets


@cache
def pictures() -> tuple[bytes, ...]:
    """Return ten pictures with two key frames; parameter sets and a message of the encoder stand before these."""
    options = {
        "g": "5",
        "bf": "0",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x264-params": "sliced-threads=0:slices=2",
    }
    return tuple(packets("libx264", 10, **options)[0])


def event(number: int, boxes: int = 2) -> dict[str, Any]:
    return {"sequence": number, "predictions": [{"class_name": f"größe {box}", "x_min": box} for box in range(boxes)]}


def as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def with_event(picture: bytes, event: bytes) -> bytes:
    return with_unit(picture, event_unit(event))


def kinds(data: bytes) -> list[int]:
    return [unit[0] & 0x1F for unit in re.split(b"\0\0\1", data)[1:]]


def decoded(data: list[bytes]) -> tuple[list[bytes], list[list[bytes]]]:
    """Return the pixels of each picture, and its messages as FFmpeg gives them."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_type = "NONE"
    frames = [frame for each in data for frame in decoder.decode(av.Packet(each))] + decoder.decode(None)
    side_data = [
        [bytes(each) for each in cast(Any, frame.side_data) if each.type.name == "SEI_UNREGISTERED"] for frame in frames
    ]
    return [frame.to_ndarray().tobytes() for frame in frames], side_data


def test_decoders_show_the_same_pictures_and_give_each_its_event() -> None:
    events = [event(number, boxes=number * 3) for number in range(10)]
    carried = [with_event(picture, as_json(each)) for picture, each in zip(pictures(), events, strict=True)]
    plain_pixels, _ = decoded(list(pictures()))
    pixels, side_data = decoded(carried)
    assert pixels == plain_pixels
    found = [[each for content in contents if (each := read_event(content))] for contents in side_data]
    assert found == [[each] for each in events]
    read = [[each for content in user_data(picture) if (each := read_event(content))] for picture in carried]
    assert read == found


def test_the_event_stands_before_the_first_slice_and_all_else_stays() -> None:
    for picture in pictures():
        carried = with_event(picture, as_json(event(1)))
        before = kinds(picture)
        first = next(place for place, kind in enumerate(before) if kind in (1, 5))
        assert kinds(carried) == [*before[:first], 6, *before[first:]]
        assert carried.replace(event_unit(as_json(event(1))), b"") == picture


@pytest.mark.parametrize("code", [b"\0\0\1", b"\0\0\0\1"])
def test_start_codes_are_kept(code: bytes) -> None:
    picture = code + b"\x67sequence" + code + b"\x68picture" + code + b"\x25slice" + code + b"\x25slice"
    unit = event_unit(b"{}")
    assert unit.startswith(b"\0\0\0\1\x06")
    carried = with_event(picture, b"{}")
    assert carried == code + b"\x67sequence" + code + b"\x68picture" + unit + code + b"\x25slice" + code + b"\x25slice"


@pytest.mark.parametrize("importance", [0, 0x20, 0x40, 0x60])
@pytest.mark.parametrize("kind", [1, 2, 5])
def test_slices_of_every_importance_are_found(kind: int, importance: int) -> None:
    picture = b"\0\0\1" + bytes((importance | kind,)) + b"slice"
    assert with_event(picture, b"{}") == event_unit(b"{}") + picture


def test_nothing_in_a_unit_looks_like_a_start_code() -> None:
    for number in range(300):
        text = as_json({"text": "x" * (number * 7), "number": number})
        unit = event_unit(text)
        assert not re.search(rb"\x00\x00[\x00-\x02]", unit[4:]), number
        assert not re.search(rb"\x00\x00\x03[^\x00-\x03]", unit), number
        [(kind, content)] = messages(unit[4:])
        assert kind == 5
        assert read_event(content) == json.loads(text)


def test_long_events_are_compressed() -> None:
    for size, version in ((PLAIN_BYTES_MAX, 1), (PLAIN_BYTES_MAX + 1, 2)):
        text = as_json({"text": "x" * (size - len(as_json({"text": ""})))})
        assert len(text) == size
        [content] = user_data(event_unit(text))
        assert content[:16] == EVENT_UUID and content[16] == version
        assert (content[17:] if version == 1 else zlib.decompress(content[17:])) == text


def test_an_event_that_is_too_large_has_no_unit() -> None:
    noise = random.Random(1).randbytes(MESSAGE_BYTES_MAX).hex()
    [content] = user_data(event_unit(as_json({"text": noise[:80_000]})))
    assert MESSAGE_BYTES_MAX / 2 < len(content) < MESSAGE_BYTES_MAX
    assert event_unit(as_json({"text": noise})) == b""
    assert event_unit(as_json({"text": "x" * JSON_BYTES_MAX})) == b""


def test_an_event_that_came_with_the_stream_is_replaced() -> None:
    for picture in pictures():
        foreign = with_event(picture, as_json(event(7, boxes=30)))
        assert with_event(foreign, as_json(event(8))) == with_event(picture, as_json(event(8)))
        assert with_unit(foreign, b"") == picture
        short = foreign.replace(b"\0\0\0\1\x06\x05", b"\0\0\1\x06\x05")
        assert with_event(short, as_json(event(8))) == with_event(
            picture.replace(b"\0\0\0\1\x06\x05", b"\0\0\1\x06\x05"), as_json(event(8))
        )


def test_the_uuid_inside_a_slice_changes_nothing() -> None:
    picture = b"\0\0\1\x65" + event_unit(b"{}")[7:40] + b"\0\0\1\x65slice"
    assert with_event(picture, b"{}") == event_unit(b"{}") + picture


def test_messages_are_read_one_after_another() -> None:
    unit = b"\x06" + b"\x01\x02ab" + b"\x03\x00" + b"\xff\x05\xff\x01" + b"c" * 256 + b"\x80"
    assert list(messages(unit)) == [(1, b"ab"), (3, b""), (260, b"c" * 256)]
    assert list(messages(unit[:8])) == [(1, b"ab"), (3, b""), (255, b"")]
    assert list(messages(b"\x06\x05\x0aab")) == [(5, b"ab")]
    assert list(messages(b"\x06\x80")) == list(messages(b"\x06")) == list(messages(b"")) == []


def test_units_after_their_lengths_are_read_too() -> None:
    units = [b"\x67sequence", event_unit(b'{"a":1}')[4:], b"\x65slice", event_unit(b'{"a":2}')[4:]]
    for length_bytes in (1, 2, 4):
        packet = b"".join(len(unit).to_bytes(length_bytes) + unit for unit in units)
        assert [read_event(each) for each in user_data(packet, length_bytes)] == [{"a": 1}, {"a": 2}]


def test_messages_of_others_are_no_events() -> None:
    contents = [content for picture in pictures() for content in user_data(picture)]
    assert contents and b"x264" in contents[0]
    assert {read_event(content) for content in (*contents, b"", EVENT_UUID[:15])} == {None}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "version missing, wanted 1 or 2"),
        (b"\x03{}", "version 03, wanted 1 or 2"),
        (b"\x01", "Expecting value"),
        (b"\x01[1]", "got a list, wanted a JSON object"),
        (b'\x01{"a":NaN}', "got NaN, which JSON does not have"),
        (b'\x01{"a":-Infinity}', "got -Infinity, which JSON does not have"),
        (b'\x01{"a":1e999}', "got 1e999, which JSON does not have"),
        (b'\x01{"a":' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b"\x01" + b'{"a":' * 100_000, "JSON nested too deep"),
        (b'\x01{"a":"\xff"}', "can't decode byte 0xff"),
        (b"\x02{}", "incorrect header check"),
        (b"\x02" + zlib.compress(b'{"a":1}')[:-3], "cut, or longer than 4000000 bytes"),
        (b"\x02" + zlib.compress(b" " * JSON_BYTES_MAX + b"{}"), "cut, or longer than 4000000 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_event_is_refused(content: bytes, error: str) -> None:
    with pytest.raises(ValueError, match=re.escape(error)):
        read_event(EVENT_UUID + content)


def test_nonsense_is_read_as_far_as_it_goes() -> None:
    chance = random.Random(14)
    whole = with_event(pictures()[0], as_json(event(1, boxes=9)))
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data) // 4)] = chance.choice((0, 1, 3, 6, 255, chance.randrange(256)))
        for length_bytes in (0, 1, 4):
            for content in user_data(bytes(data[: chance.randrange(len(data))]), length_bytes):
                try:
                    read_event(content)
                except ValueError:
                    pass
