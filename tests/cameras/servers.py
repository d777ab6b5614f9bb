"""Small servers on 127.0.0.1 that answer as network cameras do, or do not."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from cameras import Camera, CameraError

Answer = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def server(answer: Answer, port: int = 0, address: str = "127.0.0.1") -> Iterator[str]:
    """Listen on an address and answer each connection; give host and port, with a user and a password before them."""
    done = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                answer(self.request, done)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = False
        allow_reuse_address = True
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

    with Server((address, port), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            host = f"[{address}]" if ":" in address else address
            yield f"anna:hunter2@{host}:{running.server_address[1]}"
        finally:
            done.set()
            running.shutdown()
            thread.join()


def request_of(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(4096)
        if not part:
            break
        data += part
    return data


def replying(status: str, body: bytes = b"", content_type: str = "text/html") -> Answer:
    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)

    return answer


def silent(connection: socket.socket, done: threading.Event) -> None:
    done.wait(30)


def mjpeg(images: list[Any], *, rate: float = 50, then_silent: bool = False) -> Answer:
    """Answer as a network camera does: JPEG pictures one after the other, then the end, or silence."""

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=part\r\n\r\n")
        for image in images:
            data = cv2.imencode(".jpg", image)[1].tobytes()
            head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            connection.sendall(head.encode() + data + b"\r\n")
            if done.wait(1 / rate):
                return
        if then_silent:
            done.wait(30)

    return answer


def sending(path: Path, content_type: str) -> Answer:
    return replying("200 OK", path.read_bytes(), content_type)


def check_close_ends_opening(camera: Camera[Any], called: threading.Event) -> None:
    """Open a camera whose host hangs once it has been ``called``, close it, and check that both end at once."""
    raised: list[str] = []

    def open_it() -> None:
        try:
            camera.open()
        except CameraError as error:
            raised.append(str(error))

    opener = threading.Thread(target=open_it)
    opener.start()
    assert called.wait(5)
    began_s = time.monotonic()
    camera.close()
    assert time.monotonic() - began_s < 0.5
    opener.join(2)
    assert not opener.is_alive() and raised == ["closed"]
