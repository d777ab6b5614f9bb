"""RTSP cameras, each with one peculiarity of real ones."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import av.logging
import numpy as np
import pytest

from cameras.base import CameraAccessDenied, CameraEnded, CameraError
from cameras.stream import Stream, StreamAttributes

from .rtsp import H264, HEVC, JPEG, MPEG4, SOUND, VIDEO, Camera, Sender, pictures_at, rtp_pictures
from .servers import check_close_ends_opening, server
from .videos import Image, noisy_blocks, number_of, numbered

NUMBERED = [numbered(number % 10, 320, 240) for number in range(40)]


@pytest.fixture(autouse=True)
def no_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the camera from skipping pictures that have waited, which depends on the load of the machine."""
    monkeypatch.setattr("cameras.stream._AT_ONCE", 0.0)


@pytest.fixture(scope="module")
def pictures() -> list[list[bytes]]:
    """Give the RTP packets of 40 numbered pictures, the first a key frame."""
    return rtp_pictures(NUMBERED)


@contextmanager
def opened(camera: Camera, **attributes: Any) -> Iterator[Stream]:
    with server(camera) as host:
        stream = Stream("door", StreamAttributes(url=f"rtsp://{host}/live", **attributes))
        try:
            stream.open()
            yield stream
        finally:
            stream.close()


def refusal(camera: Camera, **attributes: Any) -> CameraError:
    """Return the error of opening, which shows no secret."""
    with pytest.raises(CameraError) as raised, opened(camera, **attributes):
        pass
    assert "hunter2" not in str(raised.value) and "anna" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
@pytest.mark.parametrize("rate", [1, 0.2])
def test_the_first_picture_of_a_slow_camera_comes_at_once(codec: str, rate: float) -> None:
    sdp = VIDEO + (H264 if codec == "libx264" else JPEG)
    sent_s: list[float] = []

    def play(sender: Sender) -> None:
        sent_s.append(time.monotonic())
        pictures_at(rtp_pictures(NUMBERED[3:6], codec=codec), rate)(sender)

    with opened(Camera(play, sdp)) as stream:
        assert number_of(stream.read().image) == 3
        assert time.monotonic() - sent_s[0] < 1.5


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_the_next_ones_come_at_once_too(codec: str) -> None:
    sent_s: list[float] = []

    def play(sender: Sender) -> None:
        for number, packets in enumerate(rtp_pictures(list(noisy_blocks(4)), codec=codec)):
            sent_s.append(time.monotonic())
            sender.send(packets, number * 0.9)
            if sender.wait(0.9):
                return
        sender.wait(30)

    with opened(Camera(play, VIDEO + (H264 if codec == "libx264" else JPEG))) as stream:
        for number in range(3):
            stream.read()
            assert time.monotonic() - sent_s[number] < 0.8
        assert stream.frame_rate == pytest.approx(1 / 0.9, rel=0.1), "not the 25 of its parameter sets"
        assert stream.dropped == 0


def test_a_slow_camera_may_be_silent_for_longer_than_the_timeout(pictures: list[list[bytes]]) -> None:
    with opened(Camera(pictures_at(pictures, 2)), read_timeout_s=0.3, open_timeout_s=2) as stream:
        for _ in range(4):
            stream.read()


def test_a_silence_is_an_error_all_the_same(pictures: list[list[bytes]]) -> None:
    with opened(Camera(pictures_at(pictures[:5], 10)), read_timeout_s=0.5) as stream:
        with pytest.raises(CameraError, match="no data for 0.5 s$"):
            while True:
                began_s = time.monotonic()
                stream.read()
        assert time.monotonic() - began_s < 1.5


@pytest.mark.parametrize("step_s", [3.0, -3.0, 40_000.0], ids=["ahead", "back", "wrap"])
def test_a_step_of_its_clock_does_not_show(pictures: list[list[bytes]], step_s: float) -> None:
    times = [number / 25 + (step_s if number >= 15 else 0) + (10 if step_s < 0 else 0) for number in range(30)]
    with opened(Camera(pictures_at(pictures[:30], 25, times=times))) as stream:
        frames = [stream.read() for _ in range(28)]
    steps = [b.time_s - a.time_s for a, b in itertools.pairwise(frames)]
    arrivals = [b.trace[0].at_s - a.trace[0].at_s for a, b in itertools.pairwise(frames)]
    assert all(0 < step < arrival + 0.45 for step, arrival in zip(steps, arrivals, strict=True))


@pytest.mark.parametrize("same", [2, 40], ids=["two", "all"])
@pytest.mark.parametrize(
    ("codec", "sdp"), [("libx264", H264), ("libx265", HEVC), ("mpeg4", MPEG4)], ids=["h264", "hevc", "mpeg4"]
)
def test_pictures_with_the_same_time_are_kept_apart(codec: str, sdp: str, same: int) -> None:
    options = {"x265-params": "keyint=20:repeat-headers=1:log-level=none", "preset": "ultrafast"}
    packets = rtp_pictures(NUMBERED[:16], codec=codec, options=options if codec == "libx265" else {"g": "20"})
    times = [(number - number % same) / 25 for number in range(16)]
    with opened(Camera(pictures_at(packets, 25, times=times), VIDEO + sdp)) as stream:
        frames = [stream.read() for _ in range(14)]
        assert stream.dropped == 0
    assert [number_of(frame.image) for frame in frames] == [*range(10), *range(4)]
    assert all(b.pts > a.pts for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_the_rate_is_the_measured_one(codec: str) -> None:
    sdp = VIDEO + (H264 if codec == "libx264" else JPEG)

    def play(sender: Sender) -> None:
        packets = rtp_pictures(NUMBERED[:20], codec=codec, rate=25)
        for number in range(10):
            sender.sound(number / 50)  # the sound begins before the video
        pictures_at(packets, 12.5)(sender)

    with opened(Camera(play, sdp + SOUND)) as stream:
        assert stream.frame_rate is None or stream.frame_rate <= 60
        for _ in range(12):
            stream.read()
        assert stream.frame_rate == pytest.approx(12.5, rel=0.05)


def test_sound_without_video_is_said(pictures: list[list[bytes]]) -> None:
    def play(sender: Sender) -> None:
        for number in itertools.count():
            sender.sound(number / 50)
            if sender.wait(0.002):
                return

    with opened(Camera(play, VIDEO + H264 + SOUND), open_timeout_s=1, read_timeout_s=0.5) as stream:
        with pytest.raises(CameraError, match=r": sound or other data arrives, but no video$"):
            stream.read()


def test_a_stream_of_sound_only_is_said() -> None:
    error = refusal(Camera(lambda sender: None, SOUND), open_timeout_s=2)
    assert str(error).endswith(": the host answers, but sends no video")


def closest(image: Image, images: Sequence[Image]) -> int:
    """Return the number of the most similar picture."""
    return int(np.argmin([np.abs(image[::4, ::4].astype(int) - other[::4, ::4]).mean() for other in images]))


@pytest.mark.parametrize("lost", [1, 0], ids=["within a picture", "a whole picture"])
def test_after_lost_packets_pictures_wait_for_the_next_key_frame(lost: int) -> None:
    images = list(noisy_blocks(24))
    packets = rtp_pictures(images, options={"preset": "ultrafast", "g": "10", "keyint_min": "10", "sc_threshold": "0"})

    def play(sender: Sender) -> None:
        for number, picture in enumerate(packets):
            if number == 13:
                sender.send(picture[:lost], number / 25)
                sender.lose(picture[lost : lost + 3])
                sender.send(picture[lost + 3 :] if lost else [], number / 25)
            else:
                sender.send(picture, number / 25)
            if sender.wait(0.03):
                return
        sender.wait(30)

    with opened(Camera(play)) as stream:
        shown = [closest(stream.read().image, images) for _ in range(16)]
        dropped = stream.dropped
    assert shown[:15] == [*range(13), 20, 21]
    assert dropped == (7 if lost else 6)


BASIC = 'WWW-Authenticate: Basic realm="camera"\r\n'


def digest(algorithm: str) -> str:
    return f'WWW-Authenticate: Digest realm="camera", nonce="1", algorithm={algorithm}\r\n'


def denying(*challenges: str) -> tuple[Camera, list[str]]:
    """Return a camera that denies everything, and the list that gets the requests with credentials."""
    tries: list[str] = []

    def answer(head: str) -> tuple[str, str]:
        if "Authorization" in head:
            tries.append(head)
        return "401 Unauthorized", "".join(challenges)

    return Camera(lambda sender: None, answers={"DESCRIBE": answer}), tries


@pytest.mark.parametrize("challenge", [BASIC, digest("MD5")])
def test_a_wrong_password_is_sent_once(challenge: str) -> None:
    camera, tries = denying(challenge)
    error = refusal(camera)
    assert isinstance(error, CameraAccessDenied)
    assert str(error).endswith(": 401 unauthorized; user and password are missing or wrong")
    assert len(tries) == 1


def test_without_a_password_none_is_sent(pictures: list[list[bytes]]) -> None:
    camera, tries = denying(digest("MD5"))
    with server(camera) as host:
        stream = Stream("door", StreamAttributes(url=f"rtsp://{host.partition('@')[2]}/live"))
        with pytest.raises(CameraAccessDenied, match="user and password are missing or wrong$"):
            stream.open()
    assert tries == []


def test_a_digest_that_is_not_supported_is_named() -> None:
    camera, tries = denying(digest("SHA-256"))
    error = refusal(camera)
    assert isinstance(error, CameraAccessDenied)
    assert "asks for Digest authentication with SHA-256, which is not supported" in str(error)
    assert tries == []


def test_of_several_digests_a_supported_one_is_used(pictures: list[list[bytes]]) -> None:
    def answer(head: str) -> tuple[str, str]:
        return ("200 OK", "") if "Authorization" in head else ("401 Unauthorized", digest("SHA-256") + digest("MD5"))

    with opened(Camera(pictures_at(pictures, 25), answers={"DESCRIBE": answer})) as stream:
        assert number_of(stream.read().image) == 0


def test_user_and_password_may_stand_beside_the_url(pictures: list[list[bytes]]) -> None:
    heads: list[str] = []

    def answer(head: str) -> tuple[str, str]:
        heads.append(head)
        return (
            ("200 OK", "") if "Authorization" in head else ("401 Unauthorized", 'WWW-Authenticate: Basic realm="c"\r\n')
        )

    with server(Camera(pictures_at(pictures, 25), answers={"DESCRIBE": answer})) as host:
        attributes = StreamAttributes(
            url=f"RTSP://{host.partition('@')[2]}/live", username="anna", password="a:/?#[%41@"
        )
        assert "a:/?#" not in repr(attributes)
        stream = Stream("door", attributes)
        stream.open()
        stream.read()
        stream.close()
    assert "Authorization: Basic YW5uYTphOi8/I1slNDFA\r\n" in heads[-1] + "\r\n"


def redirecting(target: str, *, times: int | None = None) -> Callable[[str], tuple[str, str]]:
    """Answer with a redirect, for ever or so many times; ``HOST`` in the target is the host that was asked."""
    asked = itertools.count()

    def answer(head: str) -> tuple[str, str]:
        if times is not None and next(asked) >= times:
            return "200 OK", ""
        host = head.split(" ")[1].split("/")[2]
        return "302 Found", f"Location: {target.replace('HOST', host)}\r\n"

    return answer


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE"])
@pytest.mark.parametrize("target", ["rtsp://HOST/other", "RTSP://HOST/other", "//HOST/other", "/other"])
def test_a_redirect_is_followed(pictures: list[list[bytes]], target: str, method: str) -> None:
    camera = Camera(pictures_at(pictures, 25), answers={method: redirecting(target, times=4)})
    with opened(camera) as stream:
        assert number_of(stream.read().image) == 0
    assert [head.split(" ")[1].rpartition("/")[2] for name, head in camera.requests if name == method][1] == "other"


def test_a_host_that_redirects_to_itself_gets_user_and_password_there(pictures: list[list[bytes]]) -> None:
    redirect = redirecting("rtsp://HOST/other", times=1)

    def answer(head: str) -> tuple[str, str]:
        status, headers = redirect(head)
        if status == "200 OK" and "Authorization: Basic YW5uYTpodW50ZXIy" not in head:
            return "401 Unauthorized", 'WWW-Authenticate: Basic realm="c"\r\n'
        return status, headers

    with opened(Camera(pictures_at(pictures, 25), answers={"DESCRIBE": answer})) as stream:
        assert number_of(stream.read().image) == 0


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("SETUP", "the host answers, but with no description of a video, or not 200 OK to SETUP; "),
        ("PLAY", "the host describes a video, but does not answer 200 OK to PLAY; "),
    ],
)
def test_a_redirect_that_is_not_followed_is_said(method: str, words: str) -> None:
    camera = Camera(lambda sender: None, answers={method: redirecting("rtsp://HOST/other")})
    assert str(refusal(camera)).endswith(
        f": {words}only redirects of OPTIONS and DESCRIBE are followed; if the host redirects, set that address as url"
    )
    assert [name for name, _ in camera.requests].count(method) == 1, "FFmpeg does not follow it"


@pytest.mark.parametrize("target", ["rtsp://HOST/again", "/again"])
def test_a_redirect_in_a_loop_comes_to_an_end(target: str) -> None:
    camera = Camera(lambda sender: None, answers={"DESCRIBE": redirecting(target)})
    began_s = time.monotonic()
    assert str(refusal(camera)).endswith(": the host redirects again and again")
    assert time.monotonic() - began_s < 2
    asked = [method for method, _ in camera.requests].count("DESCRIBE")
    assert asked == 5, "FFmpeg alone asks a thousand times a second"


def test_what_ffmpeg_logs_is_not_shown(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    def answer(head: str) -> tuple[str, str]:
        av.logging.log(av.logging.ERROR, "other", "on another thread, while a stream is opened")
        return "404 Not Found", ""

    refusal(Camera(lambda sender: None, answers={"DESCRIBE": answer}))
    av.logging.log(av.logging.ERROR, "other", "afterwards")
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_transport_that_the_camera_does_not_have_is_said() -> None:
    camera = Camera(lambda sender: None, answers={"SETUP": lambda head: ("461 Unsupported Transport", "")})
    assert "461 unsupported transport; set transport: udp" in str(refusal(camera))


def recording(pictures: list[list[bytes]], length_s: float) -> Camera:
    """Return a recorder that plays 40 pictures as fast as allowed and closes the connection."""

    def play(sender: Sender) -> None:
        for number, packets in enumerate(pictures):
            sender.send(packets, number / 25)
            if sender.wait(0.01):
                return
        sender.end()

    return Camera(play, range=f"a=range:npt=0-{length_s:g}\r\n")


@pytest.mark.parametrize(
    ("length_s", "error", "words"),
    [(1.6, CameraEnded, "has ended"), (15.0, CameraError, r"the host ended the stream after 1\.\d of 15\.0 s$")],
    ids=["to its end", "broken off"],
)
def test_a_recording_ends_at_its_declared_length_only(
    pictures: list[list[bytes]], length_s: float, error: type[Exception], words: str
) -> None:
    with opened(recording(pictures, length_s)) as stream:
        with pytest.raises(error, match=words):
            while True:
                stream.read()


def reporting(pictures: list[list[bytes]], behind_s: float, *, sound: bool = False) -> Callable[[Sender], None]:
    """Return a player whose camera states, from the fifth picture on, that it captures each before it sends it."""

    def play(sender: Sender) -> None:
        for number, packets in enumerate(pictures):
            if number == 5:
                sender.report(time.time() - behind_s, number / 25)
            if sound:
                sender.sound(number / 25)
            sender.send(packets, number / 25)
            if sender.wait(1 / 25):
                return
        sender.wait(30)

    return play


@pytest.mark.parametrize(
    ("codec", "sdp"), [("libx264", VIDEO + H264), ("mjpeg", VIDEO + JPEG), ("libx264", VIDEO + H264 + SOUND)]
)
def test_a_frame_was_captured_when_the_clock_of_the_camera_says_so(codec: str, sdp: str) -> None:
    play = reporting(rtp_pictures(NUMBERED[:20], codec=codec), 0.4, sound="audio" in sdp)
    with opened(Camera(play, sdp)) as stream:
        frames = [stream.read() for _ in range(18)]
        assert stream.clock_fault is None
    before, after = frames[:4], frames[8:]
    assert {frame.capture_clock for frame in before} == {"arrival"}
    assert {tuple(mark.stage for mark in frame.trace) for frame in before} == {("captured",)}
    assert {frame.capture_clock for frame in after} == {"camera"}
    assert {tuple(mark.stage for mark in frame.trace) for frame in after} == {("captured", "received")}
    for one, next_one in itertools.pairwise(after):
        assert next_one.captured_at - one.captured_at == pytest.approx(0.04, abs=0.001)
    for frame in after:
        captured, received = frame.trace
        assert frame.received_s == received.at_s
        assert 0.3 < received.at_s - captured.at_s < 3


@pytest.mark.parametrize("behind_s", [3600.0, -3600.0])
def test_a_wrong_clock_of_the_camera_does_not_count(pictures: list[list[bytes]], behind_s: float) -> None:
    with opened(Camera(reporting(pictures[:20], behind_s))) as stream:
        frames = [stream.read() for _ in range(18)]
        assert stream.clock_fault is not None and "a frame was captured" in stream.clock_fault
    assert {frame.capture_clock for frame in frames} == {"arrival"}
    assert 0.3 < frames[-1].captured_at - frames[0].captured_at < 3


@pytest.mark.parametrize("scheme", ["RTSP", "Rtsp"])
def test_a_scheme_in_any_case_works(pictures: list[list[bytes]], scheme: str) -> None:
    with server(Camera(pictures_at(pictures, 25))) as host:
        stream = Stream("door", StreamAttributes(url=f"{scheme}://{host}/live"))
        stream.require_reachable()
        stream.open()
        assert number_of(stream.read().image) == 0
        stream.close()


def test_close_ends_the_opening_at_once() -> None:
    called = threading.Event()

    def hang(head: str) -> tuple[str, str]:
        called.set()
        ended.wait(30)
        return "200 OK", ""

    ended = threading.Event()
    camera = Camera(lambda sender: None, answers={"DESCRIBE": hang})
    with server(camera) as host:
        stream = Stream("door", StreamAttributes(url=f"rtsp://{host}/live", open_timeout_s=30))
        check_close_ends_opening(stream, called)
        ended.set()
