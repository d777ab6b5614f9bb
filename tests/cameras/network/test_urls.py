import random
import string
import time

import pytest

from cameras.network.urls import is_url, one_line, redact_url, safe_text, url_problem


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
        ("rtsp://camera.local/: no such host", "rtsp://camera.local/: no such host"),
        ("camera a: rtsp://127.0.0.1:554/: no data", "camera a: rtsp://127.0.0.1:554/: no data"),
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


def test_a_text_is_shown_on_one_line_without_secrets_and_control_characters() -> None:
    assert one_line("a\x1b[31m\nb\u202e") == "a\\x1b[31m\\nb\\u202e"
    assert one_line("می\u200cخواهم") == "می\u200cخواهم", "a joiner is spelling"
    assert safe_text("no such file: a\nb\x1b") == "no such file: a\\nb\\x1b"
    assert safe_text("rtsp://admin:se\ncret@camera/stream") == "rtsp://camera"


@pytest.mark.parametrize("part", ["a1", "aa:", "aa.", "a:a@", "aa://b ", "aa://b:", "@", "'aa://", "x" * 40])
def test_the_time_grows_with_the_length_of_the_text_and_not_faster(part: str) -> None:
    def cpu_s(length: int) -> float:
        text = part * (length // len(part))
        began_s = time.process_time()
        safe_text(text)
        return time.process_time() - began_s

    assert cpu_s(100_000) < 40 * max(cpu_s(10_000), 0.001)


URLS = (
    "rtsp://admin:{secret}@camera:554/stream",
    "rtsp://{secret}@camera/stream",
    "rtsp://camera/{secret}",
    "rtsp://camera/live/{secret}/main",
    "http://camera:8080/video?pw={secret}",
    "https://camera/video?channel=1&code={secret}&size=2",
    "http://camera/#{secret}",
    "rtmp://camera/live/{secret}",
    "srt://:9000?passphrase={secret}",
    "rtsps://admin:{secret}@[::1]:322/{secret}?a={secret}#{secret}",
    "http://" + 64 * "s" + "/{secret}",
)
TEXTS = (
    "{url}",
    "camera porch: {url!r} cannot be opened",
    "[Errno 5] Input/output error: {url!r}",
    "name {url!r} is neither a file nor a service (known: a, b)",
    '{{"url": "{url}", "name": "porch"}}',
)
# Without quotes, a text does not say where a URL with a space ends.
UNQUOTED = ("HTTP error 404 at {url}", "--{url}", "url={url}; retrying", "({url}), [{url}]", "GET {url} HTTP/1.1")


def test_no_text_shows_a_random_secret_of_a_url() -> None:
    pick = random.Random(9)
    for _ in range(150):
        letters = "".join(pick.choices(string.ascii_letters + string.digits, k=12))
        sign = pick.choice(string.punctuation.replace('"', "") + " éß\n\t\x1b")
        secret = f"{letters[:6]}{sign}{letters[6:]}"
        for url in URLS:
            texts = TEXTS if sign in " \n\t'`,;)>]" or sign == " " else TEXTS + UNQUOTED
            for text in texts:
                found = safe_text(text.format(url=url.format(secret=secret)))
                assert letters[:6] not in found and letters[6:] not in found, (text, url, secret, found)


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
            "is not a valid URL: rtsp://camera/; percent-encode user and password, or use the keys username and "
            "password",
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
