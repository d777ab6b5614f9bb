"""The page behind a real nginx, with the configurations of the documents and with nginx's defaults; in Chromium."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.certificates import certificate
from tests.server.served import Served

from .browsers import launch
from .nginx import Nginx, free_port

NAME = "cam.example.org"
OTHER = "www.example.org"
THIRD = "third.example.net"
CAMERAS = """
cameras:
  - {name: scene, model: test_pattern, linger_s: 0.5, attributes: {width_px: 320, height_px: 180}}
  - {name: still, model: image_file, attributes: {path: still.png}}
"""
LIVE = re.compile("^live$")
DEPLOYMENT = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()


@dataclass(frozen=True)
class Ports:
    """Where nginx listens: the browser connects there for ports 80 and 443 of the name."""

    http: int
    https: int


@pytest.fixture(scope="module")
def ports() -> Ports:
    return Ports(free_port(), free_port())


@pytest.fixture(scope="module")
def browser(playwright: Playwright, ports: Ports) -> Iterator[Browser]:
    rules = [f"MAP {NAME}:80 127.0.0.1:{ports.http}"]
    rules += [f"MAP {name}:443 127.0.0.1:{ports.https}" for name in (NAME, OTHER, THIRD)]
    started = launch(playwright, f"--host-resolver-rules={','.join(rules)}")
    yield started
    started.close()


def documented(language: str, heading: str) -> str:
    """Return the first code block of a language in a section of the deployment page."""
    section = DEPLOYMENT.partition(f"# {heading}\n")[2]
    found = re.search(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def site(location: str, *, tls: bool = False) -> str:
    """Return a site for nginx with one location, and none of the headers that a proxy should set."""
    ssl = "ssl_certificate /etc/ssl/cam.example.org.pem; ssl_certificate_key /etc/ssl/cam.example.org.key;"
    return f"server {{ listen {'443 ssl' if tls else '80'}; {ssl if tls else ''} {location} }}"


@contextmanager
def behind_nginx(text: str, server: str, ports: Ports, folder: Path) -> Iterator[Served]:
    """Run a server with a ``server:`` block, and nginx with a site before it.

    Ports and files of the site are replaced by those of the test, and the address for video by loopback.
    """
    cert, key = certificate(folder, NAME)
    # nginx does not run as root, as the test may.
    with tempfile.NamedTemporaryFile("w", suffix=".htpasswd") as passwords:
        passwords.write("me:{PLAIN}secret\n")
        passwords.flush()
        Path(passwords.name).chmod(0o644)
        with Served(folder, CAMERAS + server.replace("192.0.2.7", "127.0.0.1")) as served:
            replaced = {
                "listen 80;": f"listen 127.0.0.1:{ports.http};",
                "listen 443 ssl;": f"listen 127.0.0.1:{ports.https} ssl;",
                "127.0.0.1:8080": served.client.base_url.netloc.decode(),
                "/etc/ssl/cam.example.org.pem": str(cert),
                "/etc/ssl/cam.example.org.key": str(key),
                "/etc/nginx/cameras.htpasswd": passwords.name,
            }
            for old, new in replaced.items():
                text = text.replace(old, new)
            with Nginx(text, ports.https if " ssl;" in text else ports.http):
                yield served


@contextmanager
def opened(browser: Browser, url: str, **settings: object) -> Iterator[Page]:
    """Open an address in a context of its own; an error of a script or a failed request fails the test."""
    context = browser.new_context(ignore_https_errors=True, **settings)  # type: ignore[arg-type]
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(url)
    yield page
    context.close()
    assert errors == []


def watch_and_stop(page: Page, served: Served) -> None:
    """Watch a camera, and stop: the session must end at once, so its address is right."""
    card = page.locator("#camera-scene")
    card.get_by_role("button", name="Watch scene").click()
    expect(card).to_have_attribute("data-play", LIVE, timeout=15_000)
    camera = served.running.graph.feeds["scene"]
    assert camera.watched
    with page.expect_response(lambda response: response.request.method == "DELETE") as ended:
        card.get_by_role("button", name="Stop scene").click()
    assert ended.value.status == 200


DEFAULTS = "proxy_pass http://127.0.0.1:8080;"
HOST = "proxy_set_header Host $host;"
NAMES = f"server: {{names: [{NAME}]}}\n"


@pytest.mark.parametrize(
    ("url", "text", "server"),
    [
        (f"https://{NAME}/", site(f"location / {{ {DEFAULTS} }}", tls=True), ""),
        (f"http://{NAME}/", site(f"location / {{ {DEFAULTS} }}"), NAMES),
        (f"http://{NAME}/", site(f"location / {{ {DEFAULTS} {HOST} }}"), NAMES),
        (f"https://{NAME}/", documented("nginx", "Behind a proxy"), documented("yaml", "Behind a proxy")),
        (f"http://{NAME}/cams", documented("nginx", "Below a path"), documented("yaml", "Behind a proxy")),
        (
            f"http://{NAME}/cams",
            site(f"location /cams {{ {DEFAULTS} {HOST} }}"),
            f"server: {{names: [{NAME}], base_path: /cams}}\n",
        ),
        (
            f"http://{NAME}/a/b/",
            site(f"location /a/b/ {{ proxy_pass http://127.0.0.1:8080/; {HOST} }}"),
            NAMES,
        ),
    ],
    ids=[
        "https with the default Host",
        "http with the default Host",
        "http with $host",
        "https as documented",
        "a path removed, as documented",
        "a path kept",
        "a path removed in silence",
    ],
)
def test_a_camera_can_be_watched_through_nginx(
    url: str, text: str, server: str, browser: Browser, ports: Ports, tmp_path: Path
) -> None:
    with behind_nginx(text, server, ports, tmp_path) as served, opened(browser, url) as page:
        watch_and_stop(page, served)
        assert page.url == url.removesuffix("/") + "/"


@pytest.mark.parametrize(
    ("url", "text", "way"),
    [
        (f"https://{NAME}/", documented("nginx", "Passwords in the proxy"), "MSE"),
        (f"http://{NAME}/cams/", documented("nginx", "Below a path"), "MSE"),
        (f"http://{NAME}/", site(f"location / {{ {DEFAULTS} {HOST} }}"), "MJPEG"),
    ],
    ids=["https with a password", "a path removed", "without WebSockets"],
)
def test_a_camera_can_be_watched_where_only_the_proxy_can_be_reached(
    url: str, text: str, way: str, browser: Browser, ports: Ports, tmp_path: Path
) -> None:
    login: Any = {"username": "me", "password": "secret"}
    with behind_nginx(text, documented("yaml", "Behind a proxy"), ports, tmp_path):
        context = browser.new_context(ignore_https_errors=True, http_credentials=login)
        page = context.new_page()
        page.add_init_script("delete window.RTCPeerConnection")
        page.goto(url)
        card = page.locator("#camera-scene")
        card.get_by_role("button", name="Watch scene").click()
        expect(card).to_have_attribute("data-play", LIVE, timeout=15_000)
        expect(card.locator(".way")).to_have_text(way)
        context.close()


def test_nginx_may_ask_for_a_password(browser: Browser, ports: Ports, tmp_path: Path) -> None:
    text, server = documented("nginx", "Passwords in the proxy"), documented("yaml", "Behind a proxy")
    login = {"username": "me", "password": "secret"}
    with (
        behind_nginx(text, server, ports, tmp_path) as served,
        opened(browser, f"https://{NAME}/", http_credentials=login) as page,
    ):
        watch_and_stop(page, served)
        page.goto(f"https://{NAME}/docs")
        expect(page.get_by_role("heading", name="WebRTC")).to_be_visible()


def test_without_the_name_the_page_says_which_key_allows_it(browser: Browser, ports: Ports, tmp_path: Path) -> None:
    text = site(f"location / {{ {DEFAULTS} }}")
    with behind_nginx(text, "", ports, tmp_path):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://{NAME}/")
        expect(page.get_by_role("alert")).to_contain_text("server.names")
        context.close()


def test_only_an_allowed_page_embeds_a_camera(browser: Browser, ports: Ports, tmp_path: Path) -> None:
    frame = (
        f"location / {{ default_type text/html; return 200 '<iframe src=\"https://{NAME}/watch/scene\"></iframe>'; }}"
    )
    cameras = site(f"server_name {NAME}; location / {{ {DEFAULTS} {HOST} }}", tls=True)
    text = f"{cameras}\n{site(f'server_name {OTHER} {THIRD}; {frame}', tls=True)}"
    server = f"server: {{names: [{NAME}], origins: ['https://{OTHER}']}}\n"
    with behind_nginx(text, server, ports, tmp_path):
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"https://{OTHER}/")
        embedded = page.frame_locator("iframe").get_by_role("article", name="scene")
        expect(embedded).to_have_attribute("data-play", LIVE, timeout=15_000)  # without a click: its origin is allowed
        page.goto(f"https://{THIRD}/")  # waits for the frame too
        assert page.frames[1].evaluate("location.href") == "chrome-error://chromewebdata/"
        assert embedded.count() == 0
        context.close()
