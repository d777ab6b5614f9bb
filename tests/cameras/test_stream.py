import socket
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.container.core
import numpy as np
import pytest
from pydantic import ValidationError

from cameras import PictureLimits
from cameras import stream as stream_module
from cameras.base import CameraAccessDenied, CameraEnded, CameraError, CameraUnreachable
from cameras.internals import UnsuitableLibrary
from cameras.interrupt import check_pyav
from cameras.stream import Stream, StreamAttributes, has_srt
from cameras.video_file import VideoFile, VideoFileAttributes

from .servers import Answer, check_close_ends_opening, mjpeg, replying, request_of, sending, server, silent
from .videos import (
    damage_video,
    noisy_blocks,
    number_of,
    numbered,
    plain,
    stream_of,
    ts_packets,
    write_video,
    write_video_with_sound,
)

SECRETS = ("anna", "hunter2")


def camera(url: str, *, paced: bool = True, **attributes: Any) -> Stream:
    return Stream("door", StreamAttributes(url=url, **attributes), paced=paced)


def refusal(url: str, **attributes: Any) -> str:
    """Return what opening it says; the address is shown without its secrets."""
    stream = camera(url, **attributes)
    with pytest.raises(CameraError) as raised:
        stream.open()
    error: BaseException | None = raised.value
    assert error is not None and error.__cause__ is None and error.__suppress_context__
    message = str(error)
    assert not any(secret in message for secret in SECRETS)
    stream.close()
    return message


def test_an_mjpeg_camera_is_shown_with_the_time_of_arrival() -> None:
    with server(mjpeg([plain((0, 255, 0))] * 20, then_silent=True)) as host:
        stream = camera(f"http://{host}/video")
        stream.open()
        assert stream.frame_rate is None  # it carries no times, so what FFmpeg says is invented
        before = time.time()
        frames = [stream.read() for _ in range(10)]
        stream.close()
    times = [frame.pts for frame in frames]
    assert times[0] == 0 and times == sorted(set(times))
    assert all(frame.time_base == Fraction(1, 90_000) for frame in frames)
    assert frames[-1].time_s == pytest.approx(frames[-1].captured_at - frames[0].captured_at, abs=0.02)
    assert before - 5 < frames[0].captured_at <= time.time()
    assert abs(frames[-1].image[20, 20].astype(int) - (0, 255, 0)).max() <= 4
    assert frames[0].trace[0].stage == "captured"


def test_a_change_of_size_is_passed_on() -> None:
    images = [plain((0, 0, 0))] * 12 + [plain((0, 0, 0), 128, 96)] * 12
    with server(mjpeg(images)) as host:
        stream = camera(f"http://{host}/video")
        stream.open()
        widths: list[int] = []
        with pytest.raises(CameraError):
            while True:
                widths.append(stream.read().width)
        stream.close()
    assert widths[0] == 64 and widths[-1] == 128 and widths == sorted(widths)


def test_the_end_of_a_live_stream_is_an_error() -> None:
    with server(mjpeg([plain((0, 0, 0))] * 5)) as host:
        stream = camera(f"http://{host}/video")
        stream.open()
        with pytest.raises(CameraError) as raised:
            while True:
                stream.read()
        stream.close()
    port = host.rpartition(":")[2]
    assert str(raised.value) == f"http://127.0.0.1:{port}: the host ended the stream"


def test_a_silent_stream_fails_at_the_deadline() -> None:
    with server(mjpeg([plain((0, 0, 0))] * 5, then_silent=True)) as host:
        stream = camera(f"http://{host}/video", read_timeout_s=0.5)
        stream.open()
        with pytest.raises(CameraError, match=r"http://127.0.0.1:\d+: no data for 0.5 s$"):
            while True:
                began_s = time.monotonic()
                stream.read()
        assert time.monotonic() - began_s < 1.5
        stream.close()


def test_a_file_over_http_is_played_by_its_timestamps_and_ends(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "short.mp4", [numbered(number) for number in range(5)], container_options={"movflags": "faststart"}
    )
    with server(sending(path, "video/mp4")) as host:
        stream = camera(f"http://{host}/short.mp4")
        stream.open()
        assert stream.frame_rate == 25
        frames = []
        began_s = time.monotonic()
        with pytest.raises(CameraEnded):
            while True:
                frame = stream.read()
                frames.append((time.monotonic(), frame))
        stream.close()
    assert [number_of(frame.image) for _, frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.pts * frame.time_base for _, frame in frames] == [Fraction(n, 25) for n in range(5)]
    assert frames[-1][0] - began_s >= 0.16


def test_damage_looks_alike_in_streams_and_files(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    images = [random.integers(60, 180, (96, 160, 3), np.uint8) for _ in range(12)]
    options = {"bf": "0", "x264-params": "slices=4"}
    path = damage_video(write_video(tmp_path / "damaged.mkv", images, options=options))
    file = VideoFile("file", VideoFileAttributes(path=path, drop_damaged=False), paced=False)
    with server(sending(path, "video/x-matroska")) as host:
        stream = camera(f"http://{host}/damaged.mkv", paced=False, drop_damaged=False)
        stream.open()
        file.open()
        for _ in range(10):
            assert np.array_equal(stream.read().image, file.read().image)
        stream.close()
        file.close()


def test_a_live_stream_starts_with_its_first_key_frame(tmp_path: Path) -> None:
    images = [numbered(number % 10) for number in range(40)]
    options = {"g": "20", "bf": "0", "x264-params": "repeat-headers=1"}
    path = write_video(tmp_path / "live.ts", images, options=options, format="mpegts")
    data = path.read_bytes()
    start = len(data) // 4 // 188 * 188

    def answer(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(data[start:])
        done.wait(30)

    with server(answer) as host:
        stream = camera(f"tcp://{host.partition('@')[2]}", read_timeout_s=1)
        stream.open()
        first = stream.read()
        stream.close()
    assert (first.pts, number_of(first.image)) == (0, 0)


def test_sound_without_video_is_not_waited_on_for_ever(tmp_path: Path) -> None:
    path = write_video_with_sound(tmp_path / "live.ts", [numbered(number % 10) for number in range(25)])
    packets = ts_packets(path.read_bytes())
    sound = b"".join(packet for packet in packets if stream_of(packet) == 257)

    def answer(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"".join(packets))
        while not done.wait(0.02):
            connection.sendall(sound)

    with server(answer) as host:
        stream = camera(f"tcp://{host.partition('@')[2]}", read_timeout_s=0.5)
        stream.open()
        began_s = time.monotonic()
        with pytest.raises(CameraError, match=r": sound or other data arrives, but no video$"):
            while True:
                stream.read()
        assert time.monotonic() - began_s < 5
        stream.close()


def test_a_change_of_the_codec_is_an_error(tmp_path: Path) -> None:
    images = list(noisy_blocks(25))
    first = ts_packets(write_video(tmp_path / "a.ts", images, options={"bf": "0"}, format="mpegts").read_bytes())
    second = ts_packets(write_video(tmp_path / "b.ts", images, codec="mpeg2video", format="mpegts").read_bytes())
    changed = b"".join(packet for packet in second if stream_of(packet) == 256)

    def answer(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"".join(first))
        while True:
            for start in range(0, len(changed), len(changed) // 10):
                connection.sendall(changed[start : start + len(changed) // 10])
                if done.wait(0.02):
                    return

    with server(answer) as host:
        stream = camera(f"tcp://{host.partition('@')[2]}")
        stream.open()
        with pytest.raises(CameraError, match=r": data arrives, but hardly any picture can be decoded$"):
            while True:
                stream.read()
        stream.close()


def test_a_backlog_is_skipped_after_the_first_picture(tmp_path: Path) -> None:
    images = [numbered(number % 10) for number in range(50)]
    path = write_video(tmp_path / "live.ts", images, options={"tune": "zerolatency"}, format="mpegts")
    data = path.read_bytes()

    def answer(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(data)
        done.wait(30)

    with server(answer) as host:
        stream = camera(f"tcp://{host.partition('@')[2]}", read_timeout_s=0.5)
        stream.open()
        assert stream.read().pts == 0
        with pytest.raises(CameraError, match="no data"):
            stream.read()
        assert stream.skipped >= 40
        stream.close()


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtmp", "tcp"])
def test_a_host_that_accepts_but_sends_nothing_fails_at_the_deadline(scheme: str) -> None:
    with server(silent) as host:
        began_s = time.monotonic()
        message = refusal(f"{scheme}://{host}/live/stream", open_timeout_s=0.5)
        assert time.monotonic() - began_s < 1.5
    port = host.rpartition(":")[2]
    assert message == (
        f"{scheme}://127.0.0.1:{port}: no stream within 0.5 s; the host does not answer, or sends nothing"
    )


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtmp", "tcp"])
def test_close_ends_the_opening_at_once(scheme: str) -> None:
    called = threading.Event()

    def answer(connection: socket.socket, done: threading.Event) -> None:
        called.set()
        done.wait(30)

    with server(answer) as host:
        stream = camera(f"{scheme}://{host}/live/stream", open_timeout_s=30)
        check_close_ends_opening(stream, called)


def test_close_ends_a_wait_for_the_next_frame_at_once() -> None:
    with server(mjpeg([plain((0, 0, 0))] * 5, then_silent=True)) as host:
        stream = camera(f"http://{host}/video", read_timeout_s=30)
        stream.open()
        stream.read()
        raised: list[str] = []
        reading = threading.Event()

        def read() -> None:
            try:
                while True:
                    reading.set()
                    stream.read()
            except CameraError as error:
                raised.append(str(error))

        reader = threading.Thread(target=read)
        reader.start()
        assert reading.wait(2)
        stream.close()
        reader.join(2)
        assert not reader.is_alive() and raised == ["closed"]
        stream.close()
        with pytest.raises(CameraError, match="^closed$"):
            stream.read()


def test_a_refused_connection_is_reported() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"rtsp://127.0.0.1:{port}"
    assert refusal(f"rtsp://anna:hunter2@127.0.0.1:{port}/stream") == (
        f"{address}: connection refused; nothing listens there"
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("401 Unauthorized", "401 unauthorized; user and password are missing or wrong"),
        ("403 Forbidden", "403 forbidden; this user has no access"),
        ("404 Not Found", "404 not found; the host answers, but has no such stream"),
        ("500 Internal Server Error", "server error"),
        ("200 OK", "the host answers, but not with video (perhaps with a web page)"),
    ],
)
def test_an_error_response_is_reported(status: str, words: str) -> None:
    with server(replying(status, b"<html><body>Please sign in</body></html>" * 20)) as host:
        message = refusal(f"http://{host}/video?token=hunter2")
    assert message == f"http://127.0.0.1:{host.rpartition(':')[2]}: {words}"


def test_a_page_without_a_length_is_not_a_video() -> None:
    def reply(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html></html>")

    with server(reply) as host:
        message = refusal(f"http://{host}/")
    assert message.endswith(": the host answers, but closes the connection before any video (perhaps after a web page)")


def test_a_text_file_over_http_is_not_a_video() -> None:
    with server(replying("200 OK", b"hello\n" * 500, "text/plain")) as host:
        assert refusal(f"http://{host}/notes.txt").endswith(
            (": the host answers, but sends no video", "not with video (perhaps with a web page)")
        )


def test_the_description_of_another_stream_opens_no_port() -> None:
    sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 45678 RTP/AVP 96\r\n"
    with server(replying("200 OK", (sdp + "a=rtpmap:96 H264/90000\r\n").encode(), "application/sdp")) as host:
        message = refusal(f"http://{host}/live.sdp")
    assert message.endswith(": the host answers, but with a format that is not supported")


@pytest.mark.parametrize(
    ("error", "lasting", "answer"),
    [
        (CameraAccessDenied, True, replying("401 Unauthorized")),
        (CameraAccessDenied, True, replying("403 Forbidden")),
        (CameraError, True, replying("404 Not Found")),
        (CameraError, True, replying("200 OK", b"<html></html>" * 50)),
        (CameraError, False, replying("429 Too Many Requests")),
        (CameraError, False, replying("503 Service Unavailable")),
        (CameraUnreachable, False, silent),
    ],
)
def test_the_kind_of_error_decides_when_the_camera_is_tried_again_and_who_waits_for_it(
    error: type[CameraError], lasting: bool, answer: Answer
) -> None:
    with server(answer) as host, pytest.raises(CameraError) as raised:
        camera(f"http://{host}/video", open_timeout_s=0.5).open()
    assert (raised.type, raised.value.lasting) == (error, lasting)


def test_a_port_that_nothing_listens_on_is_not_reachable() -> None:
    with server(silent) as host:
        port = host.rpartition(":")[2]
        stream = camera(f"rtsp://{host}/live")
        stream.require_reachable()
    for attempt in (stream.open, stream.require_reachable, camera(f"HTTP://127.0.0.1:{port}/").require_reachable):
        with pytest.raises(CameraUnreachable, match="connection refused; nothing listens there$"):
            attempt()
    with pytest.raises(CameraUnreachable, match="^rtsp://camera.invalid/: no such host$"):
        camera("rtsp://camera.invalid/").require_reachable()


def test_a_host_that_does_not_answer_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_answer(address: tuple[str, int], timeout_s: float) -> socket.socket:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", no_answer)
    with pytest.raises(CameraUnreachable, match="^rtsp://127.0.0.1/: the host does not answer$"):
        camera("rtsp://127.0.0.1/").require_reachable()


@pytest.mark.parametrize(
    "url", ["udp://127.0.0.1:9", "tcp://127.0.0.1:9", "rtsp://a:b@c@127.0.0.1:9/@", "rtsp://a.%s/" % ("b" * 64)]
)
def test_where_reachability_cannot_be_tested_a_camera_counts_as_reachable(url: str) -> None:
    camera(url).require_reachable()


def test_an_unknown_host_is_reported() -> None:
    assert refusal("rtsp://anna:hunter2@camera.invalid/stream") == ("rtsp://camera.invalid: no such host")


def test_a_host_that_an_unescaped_password_hides_is_reported_with_the_remedy() -> None:
    assert refusal("rtsp://anna:hun@ter.invalid/2@camera/stream") == (
        "rtsp://***: no such host; percent-encode user and password, or use the keys username and password"
    )


def test_a_playlist_cannot_lead_to_a_file_of_this_machine(tmp_path: Path) -> None:
    path = write_video(tmp_path / "secret.ts", [numbered(1)] * 5, format="mpegts")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{path}\n#EXT-X-ENDLIST\n"
    with server(replying("200 OK", playlist.encode(), "application/vnd.apple.mpegurl")) as host:
        refusal(f"http://{host}/list.m3u8", open_timeout_s=3)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "must be the address of a stream, got a file: use model: video_file"),
        ("street.mp4", "must be a URL such as rtsp://camera.local/; for a file use model: video_file"),
    ],
)
def test_a_url_of_another_kind_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        StreamAttributes(url=url)
    assert raised.value.errors()[0]["msg"] == f"Value error, {message}"


def test_a_protocol_that_this_build_of_ffmpeg_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "this build of FFmpeg does not support SRT; use RTSP, RTMP or MPEG-TS over UDP"
    for supported in (False, True):
        monkeypatch.setattr(stream_module, "has_srt", lambda answer=supported: answer)
        for url in ("srt://camera:9000", "SRT://camera:9000"):
            assert list(StreamAttributes(url=url).check()) == ([] if supported else [(("url",), message)])
    assert list(StreamAttributes(url="rtsp://camera/live").check()) == []


def test_whether_ffmpeg_has_srt_is_found_out_without_a_connection() -> None:
    error = refusal("srt://127.0.0.1:9", open_timeout_s=0.5)
    assert error.endswith(": this build of FFmpeg does not support that protocol") is not has_srt()


def test_an_invalid_host_is_reported_without_its_name() -> None:
    assert refusal(f"rtsp://{'hunter2' * 10}/stream") == "rtsp://***: no such host"


def test_the_url_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(StreamAttributes(url="rtsp://anna:hunter2@camera/stream"))


def test_the_installed_pyav_has_the_replaced_attributes() -> None:
    check_pyav()


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_pyav_without_the_replaced_attributes_is_an_error(elsewhere: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if elsewhere:
        monkeypatch.delattr(av.container.core, "time")
    else:
        monkeypatch.setattr(av.container.core, "time", time)
    with pytest.raises(UnsuitableLibrary) as caught:
        check_pyav()
    assert str(caught.value) == f"av {av.__version__} cannot be used: it has no av.container.core.time"


@pytest.mark.parametrize("first", [0, 60])
@pytest.mark.parametrize(
    ("width", "words"), [(66, "66 x 48 pixels"), (660, "too many pixels, or are damaged")], ids=["a little", "much"]
)
def test_larger_pictures_than_allowed_end_a_stream(width: int, words: str, first: int) -> None:
    fits, large = (plain((0, 200, 0), columns, 48) for columns in (64, width))
    with server(mjpeg([fits] * first + [large] * 100, then_silent=True)) as host:
        stream = camera(f"http://{host}/video")
        stream.limits = PictureLimits(64 * 48)
        with pytest.raises(CameraError) as refused:
            stream.open()
            while stream.read():
                pass
        stream.close()
    assert str(refused.value) == f"its pictures have {words}; at most 3072 are allowed"
