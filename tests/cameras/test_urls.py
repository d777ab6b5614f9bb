import pytest

from cameras.urls import redact_url, url_problem


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://camera:554/stream", "rtsp://camera:554/stream"),
        ("rtsp://admin:secret@camera:554/stream", "rtsp://***@camera:554/stream"),
        ("rtsp://admin@camera/stream", "rtsp://***@camera/stream"),
        ("rtsp://admin:se@cret@camera/stream", "rtsp://***@camera/stream"),
        ("rtsp://admin:se/cret@camera/stream", "rtsp://***@camera/stream"),
        ("rtsp://admin:12/34@camera/stream", "rtsp://***@camera/stream"),
        ("rtsp://admin:se?cr#et@camera/stream", "rtsp://***@camera/stream"),
        ("http://camera/video?channel=1&token=secret&size=2", "http://camera/video?channel=1&token=***&size=2"),
        ("http://camera/video?usr=u&pwd=secret", "http://camera/video?usr=u&pwd=***"),
        ("rtsp://camera/user=admin&password=secret&channel=1.sdp", "rtsp://camera/user=***&password=***&channel=1.sdp"),
        ("srt://camera:9?passphrase=secret&streamid=read:secret", "srt://camera:9?passphrase=***&streamid=***"),
        ("cannot open 'http://a:secret@camera/x'", "cannot open 'http://***@camera/x'"),
        ("http://a:secret@camera and http://b:secret@door/", "http://***@camera and http://***@door/"),
    ],
)
def test_what_is_secret_in_a_url_is_not_shown(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://camera/stream",
        "rtsps://user:password@[::1]:322/stream",
        "HTTP://camera/video.mjpg",
        "srt://camera:9000?mode=caller",
        "udp://@:5000",
        "udp://239.0.0.1:5000",
        "tcp://0.0.0.0:5000?listen",
        "rtmp://camera/live/key",
    ],
)
def test_addresses_of_streams_are_taken(url: str) -> None:
    assert url_problem(url) is None


KNOWN = "rtsp://, rtsps://, http://, https://, rtmp://, rtmps://, srt://, udp://, rtp://, tcp://, tls://"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("street.mp4", "must be a URL such as rtsp://camera.local/stream; for a file use model: video_file"),
        ("/videos/street.mp4", "must be a URL such as rtsp://camera.local/stream; for a file use model: video_file"),
        ("", "must be a URL such as rtsp://camera.local/stream; for a file use model: video_file"),
        ("file:///etc/passwd", "must be the address of a stream, got a file: use model: video_file"),
        ("lavfi:testsrc", f"must begin with one of {KNOWN}, got lavfi:"),
        ("concat:a|b", f"must begin with one of {KNOWN}, got concat:"),
        ("pipe:0", f"must begin with one of {KNOWN}, got pipe:"),
        ("rtsp:///stream", "must name a host, as in rtsp://camera.local/, got rtsp:///stream"),
        ("rtsp://u:secret@camera:99999/", "is no URL that can be understood: rtsp://***@camera:99999/"),
    ],
)
def test_what_is_no_address_of_a_stream_is_said(url: str, problem: str) -> None:
    assert url_problem(url) == problem
