"""Host names, path prefixes, networks of proxies and origins, as they may be written."""

import pytest

from pipeline import base_path_of, origin_of

from ..texts import read


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://www.example.org", "https://www.example.org"),
        ("https://WWW.Example.org:443", "https://www.example.org"),
        ("http://www.example.org:80", "http://www.example.org"),
        ("http://www.example.org.:8080", "http://www.example.org:8080"),
        ("http://[2001:DB8::1]:80", "http://[2001:db8::1]"),
        ("https://www.example.org/", None),
        ("https://www.example.org?a", None),
        ("https://me@www.example.org", None),
        ("https://www.example.org:x", None),
        ("https://", None),
        ("ftp://www.example.org", None),
        ("*", None),
        ("null", None),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(text: str, origin: str | None) -> None:
    assert origin_of(text) == origin


@pytest.mark.parametrize(("text", "path"), [("", ""), ("/", ""), ("/cams", "/cams"), ("/a/b-c.d/", "/a/b-c.d")])
def test_a_path_prefix_has_no_slash_at_its_end(text: str, path: str) -> None:
    assert base_path_of(text) == path


@pytest.mark.parametrize(
    "text", ["cams", "//cams", "/a//b", "/..", "/a/./b", "/a b", "/a?b", '/a"b', "/api", "/watch/x"]
)
def test_what_is_no_path_or_begins_like_a_path_of_the_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must "):
        base_path_of(text)


def test_the_keys_are_normalized() -> None:
    server = read(
        "cameras:\n  - {name: a, model: webcam}\n"
        "server: {names: [CAM.Example.org., '[2001:DB8::1]'], base_path: /cams/, "
        "trusted_proxies: [10.0.0.7, 'fd00::/8'], origins: ['HTTPS://A.example.org:443/']}\n"
    ).server
    assert server.names == ("cam.example.org", "2001:db8::1")
    assert server.base_path == "/cams"
    assert server.trusted_proxies == ("10.0.0.7/32", "fd00::/8")
    assert server.origins == ("https://a.example.org",)
