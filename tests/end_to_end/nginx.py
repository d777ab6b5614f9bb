"""A real nginx on 127.0.0.1 in front of a server, with the sites that a test or the documents declare."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

WAIT_S = 10.0
_COMMAND = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    port_in_redirect off;  # the browser does not know the port of the test
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{sites}
}}
"""


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


class Nginx:
    """A running nginx; a test that needs it is skipped where it is not installed.

    Args:
        sites: The ``server`` blocks, each with ``listen 127.0.0.1:PORT``.
        port: One of the ports, to see when it listens.
    """

    def __init__(self, sites: str, port: int) -> None:
        if _COMMAND is None:
            pytest.skip("needs nginx: apt-get install --no-install-recommends nginx")
        self._command, self._sites, self._port = _COMMAND, sites, port
        self._folder = tempfile.TemporaryDirectory(prefix="nginx-")

    def __enter__(self) -> Self:
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, sites=self._sites))
        log = str(folder / "error.log")
        self._process = subprocess.Popen([self._command, "-c", folder / "nginx.conf", "-p", folder, "-e", log])
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _wait(self) -> None:
        for _ in range(round(WAIT_S / 0.02)):
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
                return
            except ConnectionRefusedError:
                try:
                    code = self._process.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
                log = (Path(self._folder.name) / "error.log").read_text()
                raise AssertionError(f"nginx ended with {code}:\n{log}") from None
        raise AssertionError(f"nginx does not listen after {WAIT_S:g} s")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
