"""Guessing tokens, from one address and from many, never locks out who has a valid one."""

from pathlib import Path

import httpx

from server.program.log_limit import LINES
from tests.serving import Serving

TOKEN = "correct-horse-battery"
CONFIG = f"""
cameras:
  - {{name: scene, model: test_pattern}}
server: {{tokens: [{TOKEN}], trusted_proxies: [127.0.0.1]}}
"""
OF_ONE, OF_ALL = 20, 200
"""Wrong tokens within a minute, before further ones are refused."""


def ask(serving: Serving, token: str, address: str) -> httpx.Response:
    """Send a request as a proxy does that forwards it for a client."""
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": address}
    return serving.client.get("/api/cameras", headers=headers)


def test_guesses_are_limited_per_forwarded_address_and_in_all_and_a_valid_token_always_works(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    with Serving("config.yaml", cwd=tmp_path) as serving:
        one = [ask(serving, "a-wrong-token", "192.0.2.1").status_code for _ in range(OF_ONE + 5)]
        assert one == [401] * OF_ONE + [429] * 5
        assert ask(serving, TOKEN, "192.0.2.1").status_code == 200
        many = [ask(serving, "a-wrong-token", f"198.51.100.{number}").status_code for number in range(1, OF_ALL + 1)]
        assert many == [401] * (OF_ALL - OF_ONE) + [429] * OF_ONE
        for address in ("192.0.2.1", "198.51.100.1", "198.51.100.250"):
            response = ask(serving, "a-wrong-token", address)
            assert (response.status_code, 0 < int(response.headers["retry-after"]) <= 60) == (429, True)
            assert ask(serving, TOKEN, address).status_code == 200
        log = serving.errors()
        assert log.count("a wrong token came from") == LINES  # one for each address, within the limit of the log
        assert TOKEN not in log and "a-wrong-token" not in log
