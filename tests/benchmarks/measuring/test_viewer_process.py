"""What the process of the viewers says to a server, and to aiortc."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiortc import rtcdtlstransport

from benchmarks.measuring.viewer_process import Janus, adapt_dtls, answered, without_rtcp


@pytest.fixture
def api() -> Iterator[tuple[str, list[tuple[str, Any]], list[Any]]]:
    """Give the address of an API as that of Janus, what it was asked, and the events that it tells in turn."""
    asked: list[tuple[str, Any]] = []
    events: list[Any] = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, message))
            self._say({"janus": "success", "data": {"id": len(asked)}})

        def do_GET(self) -> None:
            self._say(events.pop(0))

        def _say(self, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/janus", asked, events
    server.shutdown()
    thread.join()
    server.server_close()


def test_janus_is_asked_for_an_offer(api: tuple[str, list[tuple[str, Any]], list[Any]]) -> None:
    url, asked, events = api
    events += [{"janus": "ack"}, {"janus": "event", "jsep": {"sdp": "v=0"}}]
    assert Janus(url)._watch(7) == (f"{url}/1", f"{url}/1/2", "v=0")
    assert [path for path, _ in asked] == ["/janus", "/janus/1", "/janus/1/2"]
    assert asked[1][1]["plugin"] == "janus.plugin.streaming"
    assert asked[2][1]["body"] == {"request": "watch", "id": 7}
    Janus(url).end(f"{url}/1")
    assert asked[-1][1]["janus"] == "destroy"


def test_a_mountpoint_that_is_not_there_is_an_error(api: tuple[str, list[tuple[str, Any]], list[Any]]) -> None:
    url, _, events = api
    events.append({"janus": "event", "plugindata": {"data": {"error": "no such mountpoint"}}})
    with pytest.raises(OSError, match="no such mountpoint"):
        Janus(url)._watch(8)


def test_one_srtp_profile_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtcdtlstransport, "SRTP_PROFILES", list(rtcdtlstransport.SRTP_PROFILES))
    certificate: Any = rtcdtlstransport.RTCCertificate
    monkeypatch.setattr(certificate, "_create_ssl_context", certificate._create_ssl_context)
    adapt_dtls("SRTP_AES128_CM_SHA1_80")
    assert [each.openssl_profile for each in rtcdtlstransport.SRTP_PROFILES] == [b"SRTP_AES128_CM_SHA1_80"]
    made = certificate.generateCertificate()
    assert made._create_ssl_context(rtcdtlstransport.SRTP_PROFILES) is not None


def test_reports_are_dropped_and_the_rest_goes_to_aiortc() -> None:
    passed: list[bytes] = []
    take = without_rtcp(lambda data, address: passed.append(data))
    for data in (b"\x00\x01stun", b"\x80\xc8report", b"\x16dtls"):
        take(data, None)
    assert passed == [b"\x00\x01stun", b"\x16dtls"]

    def closed(data: bytes, address: Any) -> None:
        raise RuntimeError("the loop is closed")

    without_rtcp(closed)(b"\x00\x01", None)


def test_an_unknown_command_is_an_error() -> None:
    watching: Any = None
    assert asyncio.run(answered(watching, "dance\n")) == "error 'dance' is not a command"
