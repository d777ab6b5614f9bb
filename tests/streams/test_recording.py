"""Predictions inside recordings of every format, and files that are no such recordings."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path
from typing import Any

import pytest

from cameras import event_unit, with_event
from streams import Recording, RecordingError
from tests.cameras.videos import noisy_blocks, write_video, write_video_with_sound

from .recordings import carrying, event, plain_pictures, write_recording

FORMATS = ("flv", "mp4", "mkv", "ts", "mov", "avi", "h264")


def carried(number: int = 10) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Return pictures that carry events, and the events; some short, some long."""
    events = [event(place, boxes=place) for place in range(number)]
    return [carrying(picture, each) for picture, each in zip(plain_pictures(number), events, strict=True)], events


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_events_of_a_recording_are_read_in_order(suffix: str, tmp_path: Path) -> None:
    pictures, events = carried()
    recording = Recording(write_recording(tmp_path / f"a:b.{suffix}", pictures))
    assert list(recording.events()) == events
    assert (recording.packets, recording.damaged) == (10, 0)


def test_a_fragmented_recording_that_was_cut_has_the_events_before_the_cut(tmp_path: Path) -> None:
    pictures, events = carried()
    path = write_recording(tmp_path / "a.mp4", pictures, movflags="frag_every_frame+empty_moov")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = list(Recording(path).events())
    assert 2 < len(found) < 8 and found == events[: len(found)]


def test_sound_is_left_out_and_a_video_without_events_has_none(tmp_path: Path) -> None:
    recording = Recording(write_video_with_sound(tmp_path / "a.ts", noisy_blocks(5)))
    assert list(recording.events()) == []
    assert (recording.packets, recording.damaged) == (5, 0)


def test_sound_that_begins_late_is_left_out_too(tmp_path: Path) -> None:
    pictures, events = carried(170)
    path = write_recording(tmp_path / "a.flv", pictures)
    sound = b"\x2f" + bytes(20)
    head = b"\x08" + len(sound).to_bytes(3) + bytes(7)
    with path.open("ab") as file:
        file.write(head + sound + (len(head) + len(sound)).to_bytes(4))
    assert list(Recording(path).events()) == events


def test_a_damaged_event_is_counted_and_the_others_are_read(tmp_path: Path) -> None:
    pictures, events = carried()
    pictures[3] = with_event(pictures[3], event_unit(b"[]"))
    pictures[7] = with_event(pictures[7], event_unit(b'{"a":NaN}'))
    recording = Recording(write_recording(tmp_path / "a.flv", pictures))
    assert list(recording.events()) == [each for place, each in enumerate(events) if place not in (3, 7)]
    assert (recording.damaged, recording.damage) == (2, "got NaN, which JSON does not have")


def refusal(path: Path) -> str:
    with pytest.raises(RecordingError) as refused:
        next(Recording(path).events(), None)
    return str(refused.value).replace(f"{path}", "FILE")


def test_what_is_no_recording_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n")
    (tmp_path / "noise.flv").write_bytes(random.Random(1).randbytes(5000))
    (tmp_path / "text.txt").write_text("no video\n" * 100)
    os.mkfifo(tmp_path / "pipe.flv")
    write_video(tmp_path / "old.avi", itertools.islice(noisy_blocks(3), 3), codec="mpeg4")
    damaged = "FILE cannot be read as a video (Invalid data found when processing input): the file is not a video, "
    assert {path.name: refusal(path) for path in sorted(tmp_path.iterdir())} == {
        "empty.mp4": "FILE is empty",
        "list.m3u8": "FILE is a playlist or has another format that is not supported; a recording is one file",
        "noise.flv": f"{damaged}damaged or incomplete",
        "old.avi": "FILE has video in mpeg4, wanted h264",
        "pipe.flv": "FILE is a pipe or a device; a recording is one file",
        "text.txt": "FILE contains no video",
    }
    assert refusal(tmp_path / "missing.flv") == "no such file: FILE"
    assert refusal(tmp_path) == "FILE is a folder; a recording is one file"


@pytest.mark.parametrize("suffix", ["flv", "mp4", "ts"])
def test_a_damaged_file_gives_some_events_or_says_what_is_wrong(suffix: str, tmp_path: Path) -> None:
    chance = random.Random(suffix)
    pictures, events = carried()
    path = write_recording(tmp_path / f"a.{suffix}", pictures)
    whole = path.read_bytes()
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 12)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((1, 1, 4))] = chance.randbytes(chance.choice((0, 1, 4)))
        path.write_bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
        recording = Recording(path)
        try:
            found = list(recording.events())
        except RecordingError as error:
            assert str(path) in str(error)
        else:
            assert len(found) + recording.damaged <= len(events) + 12
