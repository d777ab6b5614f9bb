"""Links for watching: who can give one, and for what."""

import re
import time

import pytest

from pipeline import Config
from server.core import Grants
from server.program import UsageError
from server.run import watch_link
from tests.pipeline.builders import config

CAMERAS = """
cameras:
  - {name: street, model: test_pattern}
  - {name: yard, model: test_pattern}
  - {name: hidden, model: test_pattern, private: true}
"""
TOKENS = """
  tokens:
    - {name: robot, token: only-for-robots, rights: [predict]}
    - {name: guest, token: only-for-guests, rights: [view], cameras: [yard]}
    - {name: admin, token: correct-horse-battery}
"""


def read(server: str) -> Config:
    return config(f"{CAMERAS}server:\n{server}")


@pytest.mark.parametrize(
    ("camera", "token", "giver"), [("yard", None, "guest"), ("street", None, "admin"), ("yard", "admin", "admin")]
)
def test_the_first_token_that_may_view_the_camera_gives_a_link(camera: str, token: str | None, giver: str) -> None:
    file = read(f"  port: 8080{TOKENS}")
    address, _, link = watch_link(file, camera, 3600, token).partition("?link=")
    assert address == f"http://127.0.0.1:8080/watch/{camera}"
    grant = Grants(lambda: file.server.tokens).read("link", link)
    assert (grant.token.name, grant.camera) == (giver, camera)
    assert 3590 < grant.expires_at - time.time() <= 3600


@pytest.mark.parametrize(
    ("server", "url", "expected"),
    [
        ("  port: 9000\n  base_path: /cams", None, "http://127.0.0.1:9000/cams/watch/yard?link="),
        ("  host: cam.example\n  tls: self-signed", None, "https://cam.example:8080/watch/yard?link="),
        ("  port: 9000", "https://cam.example/x/", "https://cam.example/x/watch/yard?link="),
    ],
)
def test_the_address_is_that_of_the_server(server: str, url: str | None, expected: str) -> None:
    assert watch_link(read(server + TOKENS), "yard", 60, None, url).startswith(expected)


def test_a_server_on_all_addresses_is_not_linked_as_such() -> None:
    found = watch_link(read(f"  host: 0.0.0.0{TOKENS}"), "yard", 60)
    assert re.match(r"http://[0-9.]+:8080/watch/", found) and "//0.0.0.0" not in found


@pytest.mark.parametrize(
    ("server", "camera", "token", "message"),
    [
        ("  port: 8080", "yard", None, "the configuration has no tokens under server.tokens"),
        (f"  port: 8080{TOKENS}", "hidden", None, "camera hidden is private: it cannot be watched"),
        (f"  port: 8080{TOKENS}", "yard", "nobody", 'there is no token named "nobody"'),
        (f"  port: 8080{TOKENS}", "street", "guest", "token guest does not have the right to view camera street"),
        (
            "  tokens: [{name: a, token: only-for-robots, rights: [predict]}]",
            "yard",
            None,
            "no token has the right to view",
        ),
        (
            f"  port: 0{TOKENS}",
            "yard",
            None,
            "server.port is 0, so that the address is not known yet; give it with --url",
        ),
    ],
)
def test_a_link_that_cannot_be_given_is_refused(server: str, camera: str, token: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        watch_link(read(server), camera, 60, token)


@pytest.mark.parametrize("url", ["cam.example", "rtsp://cam.example", "https://", "https://cam.example/?a=b", ""])
def test_the_address_of_the_server_must_be_a_url(url: str) -> None:
    with pytest.raises(UsageError, match="^--url must be an address such as "):
        watch_link(read(f"  port: 0{TOKENS}"), "yard", 60, None, url)
