"""Firefox, driven by the protocol that is built into it (Marionette): Playwright drives only a Firefox of its own."""

import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from .networks import Machine

START_TIMEOUT_S = 60.0
SCRIPT_TIMEOUT_S = 60.0
PREFERENCES = {
    "marionette.port": 0,  # any that is free
    "media.autoplay.default": 0,
    # Offers the address of its machine in the clear, not as a name.local that somebody must look up.
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "devtools.jsonview.enabled": False,  # a page of its own, which may not reach the server
    # Nothing goes to other hosts.
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.server": "data:,",
}


class Firefox:
    """The system's Firefox, headless, with one page; without Firefox the test is skipped.

    Its :meth:`goto` and :meth:`evaluate` are those of a page of Playwright.

    Args:
        profile: An empty folder for its settings.
        machine: Where it runs: without the permission to use a camera, it takes no loopback for video.
    """

    def __init__(self, profile: Path, machine: Machine) -> None:
        path = shutil.which("firefox-esr") or shutil.which("firefox")
        if path is None:
            pytest.skip("needs Firefox: apt-get install firefox-esr")
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items())
        (profile / "user.js").write_text("\n".join(lines))
        self._machine = machine
        self._command = [*machine.prefix, path, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
        self._home = str(profile)
        self._number = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "HOME": self._home, "MOZ_CRASHREPORTER_DISABLE": "1"},
        )
        try:
            self._connection = self._machine.connect(self._port(), SCRIPT_TIMEOUT_S + 10)
        except BaseException:
            self._end()
            raise
        self._messages = self._connection.makefile("rb")
        self._message()  # how it introduces itself
        self._call("WebDriver:NewSession")
        self._call("WebDriver:SetTimeouts", script=1000 * SCRIPT_TIMEOUT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._messages.close()
        self._connection.close()
        self._end()

    def goto(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self._call("WebDriver:Navigate", url=url)

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """Give the value of an expression of JavaScript, or of its call with an argument where it is a function."""
        script = f"""
            const [arg, done] = arguments;
            (async () => {{ const value = (
                {expression.strip().removesuffix(";")}
            ); return typeof value === "function" ? value(arg) : value; }})()
                .then((value) => done({{ value }}), (error) => done({{ error: String(error) }}));
        """
        answer = self._call("WebDriver:ExecuteAsyncScript", script=script, args=[arg], newSandbox=False)["value"]
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def _port(self) -> int:
        """Wait until it says where it listens."""
        output = self._process.stdout
        assert output is not None
        said = []
        while select.select([output], [], [], START_TIMEOUT_S)[0] and (line := output.readline()):
            said.append(line)
            if "Marionette" in line and "Listening on port" in line:
                return int(line.split()[-1])
        raise AssertionError(f"Firefox does not start:\n{''.join(said)[-4000:]}")

    def _call(self, command: str, **parameters: Any) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        kind, number, error, result = self._message()
        assert (kind, number) == (1, self._number)
        assert error is None, f"{command}: {error}"
        return result

    def _message(self) -> Any:
        length = b""
        while (byte := self._messages.read(1)) != b":":
            assert byte, "Firefox has hung up"
            length += byte
        return json.loads(self._messages.read(int(length)))

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()
