import gc
import hashlib
import os
import shutil
import threading
import time
import wave
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.container import Container
from av.stream import Disposition

from cameras import PictureLimits
from cameras.base import CameraCutShort, CameraEnded, CameraError
from cameras.picture.frame import Frame
from cameras.video_file import VideoFile, VideoFileAttributes
from tests.fakes import no_collection
from tests.shared import DATA, expected, needs_data

from .videos import (
    damage_video,
    green_share,
    noisy_blocks,
    number_of,
    numbered,
    plain,
    stream_of,
    ts_packets,
    write_video,
    write_video_with_sound,
)


def camera(path: Path, *, paced: bool = False, **attributes: Any) -> VideoFile:
    return VideoFile("street", VideoFileAttributes(path=path, **attributes), paced=paced)


def frames_of(file: VideoFile) -> Iterator[Frame]:
    while True:
        try:
            yield file.read()
        except CameraEnded:
            return


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Give a video of five numbered frames at 25 a second."""
    return write_video(tmp_path / "short.mp4", [numbered(number) for number in range(5)])


def test_every_frame_comes_once_in_order_with_its_exact_time(short: Path) -> None:
    file = camera(short)
    file.open()
    assert file.frame_rate == 25
    frames = list(frames_of(file))
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.pts * frame.time_base for frame in frames] == [Fraction(n, 25) for n in range(5)]
    assert all(frame.trace[0].stage == "captured" for frame in frames)
    assert file.dropped == 0
    with pytest.raises(CameraEnded, match="short.mp4 has ended"):
        file.read()
    file.close()


def test_uneven_times_are_kept_and_the_first_is_zero(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "uneven.mkv",
        [numbered(number) for number in range(4)],
        pts=[700, 733, 900, 901],
        time_base=Fraction(1, 1000),
    )
    file = camera(path)
    file.open()
    assert [frame.pts for frame in frames_of(file)] == [0, 33, 200, 201]
    file.close()


def test_a_loop_continues_after_one_frame_interval(short: Path) -> None:
    file = camera(short, loop=True)
    file.open()
    frames = [file.read() for _ in range(12)]
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]
    assert [frame.pts * frame.time_base for frame in frames] == [Fraction(n, 25) for n in range(12)]
    file.close()


def test_it_restarts_when_reopened(short: Path) -> None:
    file = camera(short)
    for _ in range(2):
        file.open()
        assert (file.read().pts, number_of(file.read().image)) == (0, 1)
        file.close()


def test_it_plays_in_real_time(short: Path) -> None:
    file = camera(short, paced=True)
    file.open()
    came = [(time.monotonic(), frame.time_s) for frame in frames_of(file)]
    file.close()
    began_s = came[0][0]
    assert len(came) == 5
    assert all(at_s - began_s >= time_s - 0.005 for at_s, time_s in came)


def test_close_ends_a_wait_for_the_next_frame_at_once(tmp_path: Path) -> None:
    path = write_video(tmp_path / "slow.mkv", [numbered(0), numbered(1)], pts=[0, 3600], time_base=Fraction(1))
    file = camera(path, paced=True)
    file.open()
    file.read()
    raised: list[str] = []

    def read() -> None:
        try:
            file.read()
        except CameraError as error:
            raised.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    file.close()
    reader.join(2)
    assert not reader.is_alive() and raised == ["closed"]
    file.close()


def test_a_closed_file_cannot_be_read(short: Path) -> None:
    file = camera(short)
    with pytest.raises(CameraError, match="^closed$"):
        file.read()


def test_frames_follow_a_change_of_size_within_a_file(tmp_path: Path) -> None:
    parts = [
        write_video(tmp_path / f"{width}.h264", [plain((0, 0, 0), width, 48)] * 3, format="h264") for width in (64, 128)
    ]
    path = tmp_path / "two.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with av.open(str(path)) as raw, av.open(str(tmp_path / "two.ts"), "w") as output:
        source = raw.streams.video[0]
        stream = output.add_stream_from_template(source)
        for number, packet in enumerate(raw.demux(source)):
            if packet.size:
                packet.stream, packet.pts, packet.dts = stream, number * 3600, number * 3600
                packet.time_base = Fraction(1, 90_000)
                output.mux(packet)
    file = camera(tmp_path / "two.ts")
    file.open()
    assert [frame.width for frame in frames_of(file)] == [64] * 3 + [128] * 3
    file.close()


def test_the_rotation_of_a_phone_video_is_applied(tmp_path: Path) -> None:
    image = plain((0, 0, 0))
    image[:24] = 255
    path = write_video(tmp_path / "phone.mp4", [image] * 3)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version, flags, times, ids and volume come first; then the matrix
    assert data[at : at + 36] == np.array([1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30], ">i4").tobytes()
    data[at : at + 36] = np.array([0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30], ">i4").tobytes()
    path.write_bytes(data)
    file = camera(path)
    file.open()
    frame = file.read()
    file.close()
    assert (frame.width, frame.height) == (48, 64)  # turned clockwise: what was above is on the right
    assert frame.image[:, -8:].mean() > 250 and frame.image[:, :8].mean() < 5


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("raw.h264", "libx264", {"bf": "0"}),
        ("raw.h264", "libx264", {"bf": "2"}),
        ("raw.hevc", "libx265", {"x265-params": "log-level=none"}),
        ("raw.m4v", "mpeg4", {"bf": "2"}),
        ("raw.m2v", "mpeg2video", {"bf": "2"}),
        ("raw.mjpeg", "mjpeg", {}),
        ("b_frames.avi", "libx264", {"bf": "3", "b-pyramid": "normal"}),
        ("packed.avi", "mpeg4", {"bf": "2"}),
        ("b_frames.mpg", "mpeg2video", {"bf": "2"}),
    ],
)
def test_files_whose_packets_have_no_times_are_played_at_their_rate(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    format = {"m2v": "mpeg2video", "mpg": "mpeg"}.get(name[-3:], name.partition(".")[2])
    path = write_video(
        tmp_path / name,
        [numbered(number) for number in range(10)],
        codec=codec,
        pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p",
        options=options,
        format=format,
    )
    file = camera(path)
    file.open()
    frames = list(frames_of(file))
    assert [round(frame.time_s, 4) for frame in frames] == [round(number / 25, 4) for number in range(10)]
    assert [number_of(frame.image) for frame in frames] == list(range(10))
    assert (file.frame_rate, file.dropped) == (25, 0)
    file.close()


def test_a_raw_stream_has_the_rate_that_its_parameter_sets_state(tmp_path: Path) -> None:
    path = write_video(tmp_path / "raw.h264", [numbered(number) for number in range(4)], rate=10, format="h264")
    file = camera(path)
    file.open()
    assert file.frame_rate == 10
    assert [frame.time_s for frame in frames_of(file)] == pytest.approx([0, 0.1, 0.2, 0.3])
    file.close()


WRAP = 1 << 33  # of the clock of MPEG-TS


@pytest.mark.parametrize("before", [150, 3, 0.6], ids=["long before", "in the middle", "near the end"])
def test_a_clock_that_wraps_does_not_show(tmp_path: Path, before: float) -> None:
    """The times of a file are those relative to its start; where its clock wraps does not matter."""
    step = 50 if before == 150 else 1  # minutes between pictures need a wrap that FFmpeg sees late
    images = [numbered(number % 10) for number in range(6)]
    pts = [WRAP - round((before - step * number) * 90_000) for number in range(6)]
    path = write_video(
        tmp_path / "wrap.ts", images, pts=pts, time_base=Fraction(1, 90_000), options={"bf": "0"}, format="mpegts"
    )
    file = camera(path)
    file.open()
    times = []
    with pytest.raises(CameraEnded) as ended:
        while True:
            times.append(round(file.read().time_s, 3))
    assert ended.type is CameraEnded
    expected_step = step if step < 10 else times[1]  # a longer pause is a step of the clock
    assert times == pytest.approx([number * expected_step for number in range(6)], abs=0.001)
    file.close()


def test_a_step_of_the_clock_of_a_broadcast_is_no_pause(tmp_path: Path) -> None:
    images = [numbered(number) for number in range(8)]
    pts = [number * 3600 for number in range(4)] + [10_000_000 + number * 3600 for number in range(4)]
    path = write_video(tmp_path / "joined.ts", images, pts=pts, time_base=Fraction(1, 90_000), options={"bf": "0"})
    file = camera(path)
    file.open()
    frames = list(frames_of(file))
    assert [round(frame.time_s, 3) for frame in frames] == pytest.approx(
        [number * 0.04 for number in range(8)], abs=0.02
    )
    file.close()


def two_videos(path: Path, *, second_is_default: bool | None = None) -> Path:
    """Write a small video and a larger one, each of its own brightness, into one file."""
    with av.open(str(path), "w") as output:
        streams: list[Any] = []
        for number, (width, height) in enumerate(((64, 48), (128, 96))):
            stream: Any = output.add_stream("libx264", rate=25, options={"bf": "0"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            if second_is_default is not None:
                stream.disposition = Disposition.default if (number == 1) is second_is_default else Disposition(0)
            streams.append(stream)
        for number in range(5):
            for place, stream in enumerate(streams):
                frame = av.VideoFrame.from_ndarray(numbered(place + 1, stream.width, stream.height), "bgr24")
                frame.pts = number
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "second_is_default", "number", "width"),
    [
        ("two.ts", None, None, 128),
        ("two.mkv", True, None, 128),
        ("two.mkv", False, None, 64),
        ("two.mkv", True, 0, 64),
        ("two.ts", None, 1, 128),
    ],
)
def test_of_several_videos_the_default_one_is_played_else_the_largest_or_the_one_asked_for(
    tmp_path: Path, name: str, second_is_default: bool | None, number: int | None, width: int
) -> None:
    file = camera(two_videos(tmp_path / name, second_is_default=second_is_default), video_stream=number)
    file.open()
    frames = list(frames_of(file))
    assert {(frame.width, number_of(frame.image)) for frame in frames} == {(width, 1 if width == 64 else 2)}
    assert len(frames) == 5
    file.close()


def test_a_video_stream_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    file = camera(two_videos(tmp_path / "two.mkv"), video_stream=2)
    with pytest.raises(CameraError, match=r"^video_stream 2 does not exist; found: 0 \(64 x 48\), 1 \(128 x 96\)$"):
        file.open()


@pytest.mark.parametrize(
    ("width", "height", "aspect", "square"),
    [
        (72, 56, Fraction(64, 45), (102, 56)),
        (72, 48, Fraction(8, 9), (72, 54)),
        (64, 48, Fraction(4, 3), (86, 48)),
        (64, 48, Fraction(1001, 1000), (64, 48)),
        (64, 48, Fraction(50), (64, 48)),
    ],
    ids=["PAL wide", "NTSC", "HDV", "nearly square", "absurd"],
)
@pytest.mark.parametrize("name", ["sar.mp4", "sar.ts", "sar.mkv"])
def test_pixels_are_square(
    tmp_path: Path, name: str, width: int, height: int, aspect: Fraction, square: tuple[int, int]
) -> None:
    image = plain((0, 0, 0), width, height)
    image[:, : width // 2] = 200
    parameters = f"sar={aspect.numerator}\\:{aspect.denominator}"
    path = write_video(tmp_path / name, [image] * 10, options={"x264-params": f"bframes=0:{parameters}"})
    file = camera(path)
    file.open()
    frame = file.read()
    file.close()
    assert (frame.width, frame.height) == square
    assert frame.image[:, : frame.width // 2 - 3].mean() > 190 and frame.image[:, frame.width // 2 + 3 :].mean() < 10


def test_pixels_are_square_before_the_limit_of_pixels_is_checked(tmp_path: Path) -> None:
    path = write_video(tmp_path / "sar.mp4", [numbered(1)] * 3, options={"x264-params": "sar=2\\:1"})
    file = camera(path)
    file.limits = PictureLimits(64 * 48)
    with pytest.raises(CameraError, match="^its pictures have 128 x 48 pixels; at most 3072 are allowed$"):
        file.open()


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mov", "png", "rgb24"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.mkv", "libx264", "yuv420p"),
        ("a.mp4", "mpeg4", "yuv420p"),
    ],
)
def test_one_damaged_picture_costs_itself_only(tmp_path: Path, name: str, codec: str, pixel_format: str) -> None:
    path = write_video(
        tmp_path / name,
        [numbered(number) for number in range(10)],
        codec=codec,
        pixel_format=pixel_format,
        options={"g": "1"},
    )
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as video:
        packet = [bytes(packet) for packet in video.demux(video=0) if packet.size][4]
    place = data.index(packet)
    data[place : place + len(packet)] = bytes(len(packet))
    path.write_bytes(data)
    file = camera(path)
    file.open()
    frames = list(frames_of(file))
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert file.dropped == 1
    file.close()


def lossy(
    path: Path, lost: Sequence[int], *, codec: str = "libx264", options: dict[str, str] | None = None
) -> set[int]:
    """Write 40 pictures as MPEG-TS, without one packet of each picture listed; return which are key frames."""
    chosen = {"g": "10", "bf": "0", "sc_threshold": "0", "keyint_min": "10"}
    if codec == "libx264":
        chosen["preset"] = "ultrafast"
    write_video(path, noisy_blocks(40), codec=codec, options=chosen, format="mpegts")
    with av.open(str(path)) as whole:
        keys = {number for number, packet in enumerate(whole.demux(video=0)) if packet.is_keyframe}
    packets = ts_packets(path.read_bytes())
    begins = [number for number, packet in enumerate(packets) if stream_of(packet) == 256 and packet[1] & 0x40]
    video = [number for number, packet in enumerate(packets) if stream_of(packet) == 256]
    gone = {video[video.index(begins[number]) + 3] for number in lost}
    path.write_bytes(b"".join(packet for number, packet in enumerate(packets) if number not in gone))
    return keys


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video", "mpeg4"])
def test_after_a_loss_pictures_are_held_back_until_the_next_key_frame(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "lossy.ts"
    keys = lossy(path, [17, 36], codec=codec)
    held = set()
    for number in (17, 36):
        held |= set(range(number, min((key for key in keys if key > number), default=40)))
    file = camera(path)
    file.open()
    shown = [round(frame.time_s * 25) for frame in frames_of(file)]
    assert shown == [number for number in range(40) if number not in held]
    assert file.dropped == len(held) > 4
    file.close()


def test_damaged_pictures_are_shown_and_counted_on_request(tmp_path: Path) -> None:
    lossy(tmp_path / "lossy.ts", [13, 35])
    file = camera(tmp_path / "lossy.ts", drop_damaged=False)
    file.open()
    assert len(list(frames_of(file))) == 40
    assert file.dropped == 12
    file.close()


def test_a_file_name_can_contain_a_colon(short: Path) -> None:
    path = short.with_name("http:12.mp4")
    shutil.copy(short, path)
    file = camera(path)
    file.open()
    assert file.read().width == 64
    file.close()


def test_a_playlist_cannot_lead_to_a_url(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/part.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(CameraError):
        camera(path).open()


class TestNotAVideo:
    def refusal(self, path: Path) -> str:
        file = camera(path)
        with pytest.raises(CameraError) as raised:
            file.open()
        file.close()
        return str(raised.value)

    def test_missing(self, tmp_path: Path) -> None:
        assert self.refusal(tmp_path / "no.mp4") == f"no such file: {tmp_path}/no.mp4"

    def test_a_folder(self, tmp_path: Path) -> None:
        assert self.refusal(tmp_path) == f"{tmp_path} is a folder; a video_file plays one file"

    def test_empty(self, tmp_path: Path) -> None:
        (tmp_path / "empty.mp4").touch()
        assert self.refusal(tmp_path / "empty.mp4") == f"{tmp_path}/empty.mp4 is empty"

    def test_text(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("not a video\n" * 100)
        assert self.refusal(tmp_path / "notes.txt") == f"{tmp_path}/notes.txt contains no video"

    def test_noise(self, tmp_path: Path) -> None:
        (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(5000))
        assert self.refusal(tmp_path / "noise.mp4") == (
            f"{tmp_path}/noise.mp4 cannot be read as a video "
            "(Invalid data found when processing input): the file is not a video, damaged or incomplete"
        )

    def test_sound_alone(self, tmp_path: Path) -> None:
        with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(16_000))
        assert self.refusal(tmp_path / "sound.wav") == f"{tmp_path}/sound.wav contains no video"

    def test_an_mp4_without_its_index(self, short: Path) -> None:
        short.write_bytes(short.read_bytes()[:-400])
        assert "the file is not a video, damaged or incomplete" in self.refusal(short)


def test_an_incomplete_file_is_reported_with_its_end(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    images = [noise.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(100)]
    whole = write_video(tmp_path / "cut.mp4", images, container_options={"movflags": "faststart"})
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    file = camera(whole)
    file.open()
    with pytest.raises(CameraCutShort, match=r"cut.mp4 ends after [0-9.]+ of 4.0 s: the file is incomplete"):
        list(file.read() for _ in range(100))
    file.close()
    file = camera(whole, loop=True)
    file.open()
    assert len([file.read() for _ in range(120)]) == 120, "in a loop it begins again"
    file.close()


def test_a_whole_matroska_file_that_begins_late_is_not_incomplete(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "cut_out.mkv",
        [numbered(number) for number in range(3)],
        pts=[5000, 5040, 5080],
        time_base=Fraction(1, 1000),
    )
    file = camera(path)
    file.open()
    assert [file.read().pts for _ in range(3)] == [0, 40, 80]
    with pytest.raises(CameraEnded, match="cut_out.mkv has ended"):
        file.read()
    file.close()


def test_check_reports_missing_files(tmp_path: Path, short: Path) -> None:
    assert list(VideoFileAttributes(path=short).check()) == []
    missing = tmp_path / "no.mp4"
    assert list(VideoFileAttributes(path=missing).check()) == [(("path",), f"no such file: {missing}")]
    folder = list(VideoFileAttributes(path=tmp_path).check())
    assert folder == [(("path",), f"{tmp_path} is a folder; a video_file plays one file")]


@needs_data
@pytest.mark.parametrize("name", ["person_768x432.mp4", "cars_768x432.mp4"])
def test_real_videos_agree_with_the_golden_results(name: str) -> None:
    golden = expected()["video"][name]
    colours = {sample["frame"]: sample["mean_rgb"] for sample in golden["sampled"]}
    file = camera(DATA / "video" / name)
    file.open()
    assert file.frame_rate == float(Fraction(golden["fps"]))
    times_s = []
    for number, frame in enumerate(frames_of(file)):
        times_s.append(frame.time_s)
        assert (frame.width, frame.height) == (golden["width"], golden["height"])
        if number in colours:
            assert np.abs(frame.image.mean((0, 1))[::-1] - colours[number]).max() <= 2.0
    file.close()
    assert len(times_s) == golden["frames"]
    assert times_s[0] == 0.0 and abs(times_s[-1] - (golden["last_pts_s"] - golden["first_pts_s"])) < 0.001


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"preset": "veryfast", "x264-params": "slices=1"}),
        ("libx264", {"preset": "veryfast", "x264-params": "slices=4:bframes=2"}),
        ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}),
        ("mpeg4", {}),
        ("libvpx", {"deadline": "realtime"}),
        ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "tile-columns": "2"}),
        ("mpeg2video", {}),
        ("mjpeg", {}),
    ],
    ids=["h264", "h264-slices", "hevc", "mpeg4", "vp8", "vp9", "mpeg2", "mjpeg"],
)
def test_damage_looks_alike_live_and_annotated(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    path = write_video(
        tmp_path / "damaged.mkv",
        noisy_blocks(24),
        codec=codec,
        rate=240,
        pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p",
        options=options,
    )
    damage_video(path)

    def hashes(*, paced: bool) -> list[str]:
        file = camera(path, paced=paced, drop_damaged=False)
        file.open()
        came = [hashlib.sha256(frame.image.tobytes()).hexdigest() for frame in frames_of(file)]
        file.close()
        return came

    live = hashes(paced=True)
    assert len(live) >= 20
    for _ in range(3):  # with frame threads it is a matter of luck
        assert hashes(paced=False) == live


def test_damage_in_h264_is_concealed(tmp_path: Path) -> None:
    options = {"preset": "veryfast", "x264-params": "slices=4:bframes=2"}
    path = damage_video(write_video(tmp_path / "damaged.mkv", noisy_blocks(24), rate=240, options=options))
    file = camera(path, paced=True, drop_damaged=False)
    file.open()
    for frame in frames_of(file):
        assert green_share(frame.image) < 0.01
    file.close()


def resident_mb() -> float:
    """Give how much memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def native_threads() -> int:
    """Give how many threads this process has, those of FFmpeg too."""
    return len(os.listdir("/proc/self/task"))


def test_released_frames_free_their_memory_at_once(tmp_path: Path) -> None:
    picture = plain((40, 80, 120), 1920, 1080)
    path = write_video(tmp_path / "large.mp4", (picture for _ in range(300)), options={"preset": "ultrafast"})
    file = camera(path)
    file.open()
    for _ in range(30):
        file.read()  # the decoder's own buffers
    with no_collection():
        before_mb = peak_mb = resident_mb()
        frames = 0
        for _ in frames_of(file):
            frames += 1
            peak_mb = max(peak_mb, resident_mb())
        file.close()
    assert frames == 270
    assert peak_mb - before_mb < 50


def test_closed_files_leave_neither_memory_nor_threads(tmp_path: Path) -> None:
    formats = ("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "nv12", "yuv420p10le", "gray")
    clips = [
        write_video(tmp_path / f"{format}.mp4", [numbered(n, 640, 360) for n in range(12)], pixel_format=format)
        for format in formats
    ]
    clips.append(write_video(tmp_path / "colours.mkv", [numbered(1, 640, 360)] * 12, codec="ffv1", pixel_format="bgra"))
    whole = clips[0].read_bytes()
    for name, data in (
        ("cut.mp4", whole[:-200]),
        ("damaged.mp4", whole[:500] + bytes(len(whole) - 1700) + whole[-1200:]),
        ("text.mp4", b"this is no video"),
    ):
        clips.append(tmp_path / name)
        clips[-1].write_bytes(data)

    def play_all() -> None:
        for clip in clips:
            for paced in (False, True):
                file = camera(clip, paced=paced, loop=True)
                try:
                    file.open()
                    for _ in range(1 if paced else 15):
                        file.read()
                except CameraError:
                    pass
                file.close()

    assert len(clips) == 11
    play_all()
    threads = native_threads()
    with no_collection():
        before_mb = resident_mb()
        for _ in range(8):
            play_all()
        grown_mb = resident_mb() - before_mb
        held = [thing for thing in gc.get_objects() if isinstance(thing, (av.VideoFrame, av.CodecContext, Container))]
    assert held == []
    assert grown_mb < 50
    deadline_s = time.monotonic() + 5
    while native_threads() > threads and time.monotonic() < deadline_s:
        os.sched_yield()  # one that has been joined is listed for a moment yet
    assert native_threads() <= threads


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.mp4", "ffconcat version 1.0\nfile neighbour.ts\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nneighbour.ts\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nm=video 45678 RTP/AVP 96\r\n"),
    ],
    ids=["ffconcat", "playlist", "SDP"],
)
def test_a_file_that_only_names_others_is_not_played(tmp_path: Path, name: str, text: str) -> None:
    write_video(tmp_path / "neighbour.ts", [numbered(1)] * 5, format="mpegts")
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(CameraError) as raised:
        VideoFile("file", VideoFileAttributes(path=path)).open()
    wanted = f"{path} is a playlist or has another format that is not supported; a video_file plays one file"
    assert str(raised.value) == wanted


def test_a_name_with_a_pattern_does_not_lead_to_other_files(tmp_path: Path) -> None:
    for name in ("p0.png", "p1.png", "p%d.png"):
        cv2.imwrite(str(tmp_path / name), numbered(2))
    with pytest.raises(CameraError, match="is a playlist or has another format"):
        VideoFile("file", VideoFileAttributes(path=tmp_path / "p%d.png")).open()


def test_a_stream_that_damage_adds_to_a_file_does_not_end_it_with_a_bug(tmp_path: Path) -> None:
    data = write_video_with_sound(tmp_path / "whole.ts", [numbered(number % 10) for number in range(60)]).read_bytes()
    for seed in (4, 7, 22, 24, 30):
        random = np.random.default_rng(seed)
        damaged = bytearray(data)
        for place in random.integers(0, len(data), 200):
            damaged[place] = random.integers(0, 256)
        (tmp_path / "damaged.ts").write_bytes(damaged)
        file = VideoFile("file", VideoFileAttributes(path=tmp_path / "damaged.ts"), paced=False)
        with pytest.raises((CameraError, CameraEnded)):
            file.open()
            while True:
                file.read()
        file.close()


SMALL = PictureLimits(64 * 48)
ENCODERS = {
    "h264.mp4": ("libx264", "yuv420p"),
    "h264.ts": ("libx264", "yuv420p"),
    "mjpeg.avi": ("mjpeg", "yuvj420p"),
    "vp8.mkv": ("libvpx", "yuv420p"),
    "vp9.webm": ("libvpx-vp9", "yuv420p"),
    "picture.gif": ("gif", "rgb8"),
}


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("width_px", [66, 660])
def test_larger_pictures_than_allowed_are_refused(name: str, width_px: int, tmp_path: Path) -> None:
    codec, pixel_format = ENCODERS[name]
    fits = write_video(tmp_path / name, [plain((0, 0, 200))], codec=codec, pixel_format=pixel_format)
    file = camera(fits)
    file.limits = SMALL
    file.open()
    assert file.read().width == 64
    file.close()
    large = write_video(tmp_path / name, [plain((0, 0, 200), width_px, 48)], codec=codec, pixel_format=pixel_format)
    file = camera(large)
    file.limits = SMALL
    with pytest.raises(CameraError, match="^its pictures have .*; at most 3072 are allowed$") as refused:
        file.open()
    assert refused.value.lasting
    if width_px == 66:
        assert str(refused.value) == "its pictures have 66 x 48 pixels; at most 3072 are allowed"


def test_a_file_that_cannot_be_played_will_not_mend_itself(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    for name in ("text.mp4", "missing.mp4"):
        with pytest.raises(CameraError) as refused:
            camera(tmp_path / name).open()
        assert refused.value.lasting


H264 = {"g": "10", "keyint_min": "10", "sc_threshold": "0"}


@pytest.mark.parametrize(
    ("codec", "pixel_format", "options", "expected"),
    [
        ("libx264", "yuv420p", {**H264, "bf": "0"}, [*range(20), *range(20, 24), *range(30, 34)]),
        ("libx264", "yuv420p", {**H264, "bf": "2"}, [*range(20), 20, 21, 30, 31]),
        ("mpeg4", "yuv420p", {"g": "10", "sc_threshold": "1000000000"}, [*range(20), *range(20, 24), *range(30, 34)]),
        ("mjpeg", "yuvj420p", {"huffman": "default"}, [0, 1, *range(4, 40, 5), *range(6, 40, 5)]),
    ],
    ids=["h264", "h264 with B-frames", "mpeg4", "mjpeg"],
)
def test_pictures_without_time_are_left_out_and_all_others_are_the_same(
    tmp_path: Path, codec: str, pixel_format: str, options: dict[str, str], expected: list[int]
) -> None:
    images = [numbered(number % 10) for number in range(40)]
    path = write_video(tmp_path / "a.mp4", images, codec=codec, pixel_format=pixel_format, options=options)
    file = camera(path)
    file.open()
    whole = {frame.pts: frame.image for frame in frames_of(file)}
    file.close()
    file.decoding_share = 0.4
    file.open()
    frames = list(frames_of(file))
    assert [sorted(whole).index(frame.pts) for frame in frames] == sorted(expected)
    assert all(np.array_equal(frame.image, whole[frame.pts]) for frame in frames)
    held = 2 * 2 if options.get("bf") == "2" else 0  # by the decoder, at the end of each group
    assert (file.left_out, file.dropped) == (40 - len(frames) - held, 0)
