"""Serve the pages of this folder and a running camweave from one origin.

usage: python examples/proxy.py [--port 8000] [--camweave http://127.0.0.1:8080]

A browser may send requests to camweave only from pages of the same origin. This proxy serves ``*.html`` from this
folder and forwards all other requests. It is for development; in production your web server does the same.
"""

from __future__ import annotations

import argparse
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent
NOT_FORWARDED = {"connection", "date", "keep-alive", "server", "transfer-encoding"}


class Handler(BaseHTTPRequestHandler):
    """Answers a request from the folder, or forwards it to camweave."""

    server: Proxy

    def do_GET(self) -> None:
        """Send a page of the folder, or else the response of camweave."""
        page = FOLDER / Path(urlsplit(self.path).path).name
        if page.suffix == ".html" and page.is_file():
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(page.stat().st_size))
            self.end_headers()
            self.wfile.write(page.read_bytes())
        else:
            self.forward()

    def forward(self) -> None:
        """Forward the request to camweave, and send its response back."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # The Host header stays: camweave compares it with the origin of the page.
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_FORWARDED}
        connection = HTTPConnection(self.server.camweave, timeout=30)
        try:
            try:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
            except OSError as error:
                self.send_error(502, f"camweave does not answer: {error}")
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in NOT_FORWARDED:
                    self.send_header(name, value)
            self.end_headers()
            while data := answer.read1(65_536):  # at once: live streams have no end
                self.wfile.write(data)
        except (ConnectionError, HTTPException):
            pass  # the browser has left, or camweave has ended
        finally:
            connection.close()

    do_POST = do_PATCH = do_DELETE = do_OPTIONS = forward


class Proxy(ThreadingHTTPServer):
    """The proxy.

    Attributes:
        camweave: Host and port to which it forwards requests.
    """

    def __init__(self, port: int, camweave: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.camweave = urlsplit(camweave).netloc


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve this folder's pages and camweave from one origin.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--camweave", default="http://127.0.0.1:8080")
    arguments = parser.parse_args()
    with Proxy(arguments.port, arguments.camweave) as proxy:
        print(f"http://127.0.0.1:{proxy.server_port}/viewer.html", flush=True)
        try:
            proxy.serve_forever()
        except KeyboardInterrupt:
            pass
