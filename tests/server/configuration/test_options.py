"""Options of ``serve``: what they change in a configuration, and which results are refused."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline import Config, TlsConfig, hash_of
from server.configuration import ServeOptions, apply_options
from server.program import UsageError
from tests.certificates import certificate
from tests.pipeline.builders import config

TOKEN = "correct-horse-battery"


def read(server: str = "{}") -> Config:
    """Return a configuration with this ``server:`` block, as it is read from a file."""
    return config(f"cameras:\n  - {{name: scene, model: test_pattern}}\nserver: {server}\n")


def tokens(served: Config) -> list[str]:
    return [token.token.get_secret_value() for token in served.server.tokens]


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


def test_a_hash_in_the_file_is_the_same_token() -> None:
    with pytest.raises(UsageError, match="already in the file"):
        apply_options(read(f"{{tokens: ['{hash_of(TOKEN)}']}}"), ServeOptions(token=SecretStr(TOKEN)))


def test_the_options_of_tls_replace_that_of_the_file(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    file = read("{tls: self-signed}")
    assert apply_options(file, ServeOptions()).server.tls == "self-signed"
    assert apply_options(file, ServeOptions(tls_cert=cert, tls_key=key)).server.tls == TlsConfig.model_construct(
        cert=cert, key=key
    )
    assert apply_options(read(), ServeOptions(tls_self_signed=True)).server.tls == "self-signed"
    assert apply_options(read(), ServeOptions()).server.tls is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tls_cert": "localhost.pem"}, "--tls-cert and --tls-key belong together: give both"),
        ({"tls_key": "localhost.key"}, "--tls-cert and --tls-key belong together: give both"),
        (
            {"tls_cert": "localhost.pem", "tls_self_signed": True},
            "--tls-self-signed makes its own certificate: use it without --tls-cert and --tls-key",
        ),
        ({"tls_cert": "missing.pem", "tls_key": "localhost.key"}, "--tls-cert: no such file: "),
        ({"tls_cert": "localhost.pem", "tls_key": "other.key"}, "--tls-key: belongs to another certificate"),
    ],
)
def test_options_of_tls_that_cannot_be_used_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    certificate(tmp_path)
    certificate(tmp_path, "other")
    paths: dict[str, Any] = {
        key: tmp_path / value if isinstance(value, str) else value for key, value in options.items()
    }
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        apply_options(read(), ServeOptions(**paths))
