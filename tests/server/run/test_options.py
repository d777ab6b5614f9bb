"""Options of ``serve``: what they change in a configuration, and which results are refused."""

import re

import pytest
from pydantic import SecretStr

from pipeline import Config
from server.program import UsageError
from server.run import ServeOptions, apply_options
from tests.pipeline.builders import config

TOKEN = "correct-horse-battery"
VIAM_IS_OPEN = "server.viam: with tokens it can only be served on 127.0.0.1"


def read(server: str = "{}") -> Config:
    """Return a configuration with this ``server:`` block, as it is read from a file."""
    return config(f"cameras:\n  - {{name: scene, model: test_pattern}}\nserver: {server}\n")


def tokens(served: Config) -> list[str]:
    return [token.get_secret_value() for token in served.server.tokens]


def test_without_options_the_file_is_served_as_it_is() -> None:
    file = read("{port: 9000, tokens: [one-of-the-file], allow_image_urls: true}")
    assert apply_options(file, ServeOptions()) == file


def test_options_replace_host_and_port_and_nothing_else() -> None:
    file = read("{host: 0.0.0.0, port: 9000, allow_image_urls: true}")
    served = apply_options(file, ServeOptions(host="::1", port=0))
    assert (served.server.host, served.server.port) == ("::1", 0)
    assert served.server.model_copy(update={"host": "0.0.0.0", "port": 9000}) == file.server
    assert (served.cameras, served.tables) == (file.cameras, file.tables)
    assert file.server.host == "0.0.0.0"


def test_the_token_joins_those_of_the_file() -> None:
    served = apply_options(read("{tokens: [one-of-the-file]}"), ServeOptions(token=SecretStr(TOKEN)))
    assert tokens(served) == ["one-of-the-file", TOKEN]


def test_a_token_that_the_file_has_already_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError) as raised:
        apply_options(read(f"{{tokens: [{TOKEN}]}}"), ServeOptions(token=SecretStr(TOKEN)))
    assert str(raised.value) == "the token given with --token is already in the file"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_access_from_other_machines_needs_a_token_or_the_option(host: str) -> None:
    message = re.escape(f"host {host} is reachable from other machines, and there are no tokens")
    with pytest.raises(UsageError, match=message):
        apply_options(read(), ServeOptions(host=host))
    with pytest.raises(UsageError, match=message):
        apply_options(read(f'{{host: "{host}"}}'), ServeOptions())
    assert tokens(apply_options(read(), ServeOptions(host=host, token=SecretStr(TOKEN)))) == [TOKEN]
    assert tokens(apply_options(read(), ServeOptions(host=host, insecure=True))) == []


def test_an_unknown_host_is_refused() -> None:
    with pytest.raises(UsageError, match='host "no such host" is neither an address nor a known name'):
        apply_options(read(), ServeOptions(host="no such host"))


def test_a_token_of_the_options_does_not_protect_viams_port() -> None:
    file = read("{viam: {port: 0}}")
    with pytest.raises(UsageError, match=VIAM_IS_OPEN):
        apply_options(file, ServeOptions(host="0.0.0.0", token=SecretStr(TOKEN), insecure=True))
    assert tokens(apply_options(file, ServeOptions(token=SecretStr(TOKEN)))) == [TOKEN]


def test_two_protocols_cannot_share_a_port() -> None:
    file = read("{viam: {port: 9001}}")
    with pytest.raises(
        UsageError, match=r"^server.viam.port: must be another port than server.port, got 9001 for both$"
    ):
        apply_options(file, ServeOptions(port=9001))
    assert apply_options(read("{viam: {port: 0}}"), ServeOptions(port=0)).server.port == 0


def test_a_changed_file_keeps_the_token_of_the_options() -> None:
    options = ServeOptions(host="0.0.0.0", token=SecretStr(TOKEN))
    assert tokens(apply_options(read(), options)) == [TOKEN]
    changed = read("{tokens: [one-of-the-file]}")
    assert tokens(apply_options(changed, options)) == ["one-of-the-file", TOKEN]
    assert tokens(apply_options(read(), options)) == [TOKEN]


def test_a_changed_file_that_removes_the_only_tokens_is_refused() -> None:
    options = ServeOptions(host="0.0.0.0")
    assert tokens(apply_options(read("{tokens: [one-of-the-file]}"), options)) == ["one-of-the-file"]
    with pytest.raises(UsageError, match="there are no tokens"):
        apply_options(read(), options)


def test_a_changed_file_that_adds_tokens_while_viams_port_is_open_is_refused() -> None:
    options = ServeOptions(host="0.0.0.0", insecure=True)
    assert apply_options(read("{viam: {port: 0}}"), options).server.viam is not None
    with pytest.raises(UsageError, match=VIAM_IS_OPEN):
        apply_options(read("{viam: {port: 0}, tokens: [one-of-the-file]}"), options)
