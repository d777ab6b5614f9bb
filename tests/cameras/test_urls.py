import pytest

from cameras.urls import is_url, redact_url, url_problem


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://camera", "rtsp://camera"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("rtsp://camera:554/stream", "rtsp://camera:554"),
        ("rtsp://admin:secret@camera:554/stream", "rtsp://camera:554"),
        ("RTSP://admin@camera/stream", "RTSP://camera"),
        ("rtsp://admin:secret@[::1]:322/stream", "rtsp://[::1]:322"),
        ("rtsp://admin:se@cret@camera/stream", "rtsp://camera"),
        ("rtsp://admin:se:cret@camera/stream", "rtsp://camera"),
        ("rtsp://admin:se/cret@camera/stream", "rtsp://camera"),
        ("rtsp://admin:se?cr#et@camera/stream", "rtsp://camera"),
        ("rtsp://admin:se cr'et@camera/my stream", "rtsp://camera"),
        ("rtsp://admin:%20secret@camera/", "rtsp://camera/"),
        ("rtsp:///secret", "rtsp://***"),
        ("rtsp://camera:554: nothing listens there", "rtsp://camera:554: nothing listens there"),
        ("rtsp://admin: secret@camera/x", "rtsp://camera"),
        ("http://camera/video?channel=1&pw=secret&size=2", "http://camera"),
        ("http://camera/video?code=my secret", "http://camera"),
        ("http://camera/#secret", "http://camera"),
        ("rtsp://camera/user=admin&password=secret&channel=1.sdp", "rtsp://camera"),
        ("rtmp://camera/live/secret", "rtmp://camera"),
        ("srt://:9?passphrase=secret&streamid=read:secret", "srt://:9"),
        ("udp://@:5000", "udp://:5000"),
        ("rtsp:/admin:secret@camera/s", "rtsp://camera"),
        ("rtsp:admin:secret@camera/s", "rtsp://camera"),
        ("turn:admin:secret@camera:3478", "turn://camera:3478"),
        # It is not certain what the host is.
        ("rtsp://secret/secret@camera/stream", "rtsp://***"),
        ("rtsp://admin:12/34@camera/stream", "rtsp://***"),
        ("rtsp://admin:a/b@camera/stream?mail=me@secret", "rtsp://***"),
        ("rtsp://camera/stream?mail=me@secret", "rtsp://***"),
        ("rtsp://admin:secret/stream", "rtsp://***"),
        ("rtsp://admin:99999/stream", "rtsp://***"),
        ("http://" + 64 * "s" + "/", "http://***"),
        ("http://se cret/", "http://***"),
        ("admin:secret@camera/s", "***"),
        # In a sentence.
        ("camera a: rtsp://camera:554: nothing listens", "camera a: rtsp://camera:554: nothing listens"),
        ("camera a: rtsp://***: no such host", "camera a: rtsp://***: no such host"),
        ("cannot open 'http://a:se'cret@camera/x y'", "cannot open 'http://camera'"),
        ("http://a:secret@camera/1 and http://b:secret@door/", "http://***"),
        ("from http://a:secret@camera/1 to http://b:secret@door/2 it", "from http://camera to http://door it"),
        ("no such file: /a/rtsp:/admin:sec ret@camera/s", "no such file: /a/rtsp://camera"),
        ("one: http://camera/secret\ntwo: http://door/secret", "one: http://camera\ntwo: http://door"),
    ],
)
def test_redaction_keeps_scheme_host_and_port(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert redact_url(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "must begin with one of rtsp://, rtsps://, or http://",
        "stun:stun.example.org:3478",
        "C:/videos/street.mp4",
        "12:30:55 camera me@home: running, 640 x 480",
        "cameras[0].attributes: the key a: b@c",
    ],
)
def test_text_without_a_url_is_not_redacted(text: str) -> None:
    assert redact_url(text) == text


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
def test_valid_stream_urls_are_accepted(url: str) -> None:
    assert url_problem(url) is None


KNOWN = "rtsp://, rtsps://, http://, https://, rtmp://, rtmps://, srt://, udp://, rtp://, tcp://, tls://"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("street.mp4", "must be a URL such as rtsp://camera.local/; for a file use model: video_file"),
        ("/videos/street.mp4", "must be a URL such as rtsp://camera.local/; for a file use model: video_file"),
        ("", "must be a URL such as rtsp://camera.local/; for a file use model: video_file"),
        ("file:///etc/passwd", "must be the address of a stream, got a file: use model: video_file"),
        ("lavfi:testsrc", f"must begin with one of {KNOWN}, got lavfi:"),
        ("concat:a|b", f"must begin with one of {KNOWN}, got concat:"),
        ("pipe:0", f"must begin with one of {KNOWN}, got pipe:"),
        ("rtsp:/u:secret@camera/s", "must have two slashes after rtsp:, as in rtsp://camera.local/"),
        ("u:secret@camera/s", f"must begin with one of {KNOWN}"),
        ("rtsp:///stream", "must name a host, as in rtsp://camera.local/, got rtsp://***"),
        ("rtsp://camera:99999/", "is not a valid URL: rtsp://***"),
        (
            "rtsp://u:sec#ret@camera/",
            "is not a valid URL: rtsp://camera/; percent-encode user and password: %40 for an at sign",
        ),
    ],
)
def test_an_invalid_stream_url_is_reported(url: str, problem: str) -> None:
    assert url_problem(url) == problem


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("rtsp://camera/1", True),
        ("rtsp:/camera/1", True),
        ("file:///videos/street.mp4", True),
        ("street.mp4", False),
        ("12:30.mp4", False),
        ("C:/videos/street.mp4", False),
        ("videos/rtsp://camera/1", False),
    ],
)
def test_urls_and_files_are_distinguished(text: str, url: bool) -> None:
    assert is_url(text) is url
