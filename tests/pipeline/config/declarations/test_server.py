"""The ``viam:``, ``clarifai:`` and token settings of the server: requirements and error messages."""

from pathlib import Path

import pytest

from pipeline.config.declarations.server import PortRange
from tests.certificates import certificate

from ..texts import problems_of, read

TEXT = "cameras:\n  - {name: a, model: webcam}\nserver: {clarifai: {port: 0, tls: {cert: %s, key: %s}}}\n"
WRONG = "pipeline.yaml:3:35: server.clarifai.tls: cert or key is not a valid PEM file, or the key has a password"

TOKENS = "cameras:\n  - {name: a, model: webcam}\nserver: {tokens: %s}\n"
RULE = "must have at least 8 characters: ASCII letters, digits and punctuation, no spaces"


def test_image_urls_are_off_by_default() -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {%s}\n"
    assert not read(text % "").server.allow_image_urls
    assert read(text % "allow_image_urls: true").server.allow_image_urls


def test_certificate_and_key_are_checked(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    other = certificate(tmp_path, "other")[1]
    assert read(TEXT % (cert, key)).server.clarifai is not None
    [message] = problems_of(TEXT % (cert, other))
    assert message.endswith(": server.clarifai.tls.key: belongs to another certificate")
    assert problems_of(TEXT % (cert, cert)) == [WRONG]
    assert problems_of(TEXT % (__file__, key)) == [WRONG]
    assert problems_of(TEXT % (tmp_path / "no.pem", key)) == [
        f"pipeline.yaml:3:42: server.clarifai.tls.cert: no such file: {tmp_path / 'no.pem'}"
    ]


def test_a_key_with_a_password_does_not_prompt(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, password=b"secret")
    assert problems_of(TEXT % (cert, key)) == [WRONG]


def test_a_missing_extra_is_reported_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {clarifai: {port: 0}}\n"
    assert read(text).server.clarifai is not None
    monkeypatch.setattr("pipeline.config.declarations.server.find_spec", lambda name: None)
    assert problems_of(text) == [
        "pipeline.yaml:3:20: server.clarifai: "
        'needs the extra "clarifai", which is not installed; install it with: pip install "camweave[clarifai]"'
    ]


def test_port_0_is_accepted() -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {port: %d}\n"
    assert read(text % 0).server.port == 0
    assert problems_of(text % -1) == [
        "pipeline.yaml:3:16: server.port: must be between 0 and 65535, got -1",
    ]


@pytest.mark.parametrize(("value", "ports"), [("null", None), ("50000-50100", PortRange(50000, 50100))])
def test_ports_for_media_are_a_range_or_any(value: str, ports: PortRange | None) -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {ice: {udp_ports: %s}}\n"
    assert read(text % value).server.ice.udp_ports == ports


def test_a_port_is_required_and_unknown_keys_are_reported() -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {clarifai: {ports: 1}}\n"
    assert problems_of(text) == [
        "pipeline.yaml:3:20: server.clarifai.port: is missing",
        'pipeline.yaml:3:21: server.clarifai.ports: unknown key, did you mean "port"? (known: port, tls)',
    ]


def test_tokens_are_read_and_never_shown() -> None:
    server = read(TOKENS % "['${FIRST}', correct-horse-battery]", FIRST="12345678").server
    assert [token.token.get_secret_value() for token in server.tokens] == ["12345678", "correct-horse-battery"]
    for shown in (repr(server), str(server), str(server.model_dump()), server.model_dump_json()):
        assert "12345678" not in shown and "horse" not in shown


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        ("[short-1]", f"[0]: {RULE}"),
        ("['with a space']", f"[0]: {RULE}"),
        ("[good-enough, zwölf-Boxkämpfer]", f"[1]: {RULE}"),
        ("[12345678]", "[0]: must be text; put it in quotes"),
        ("[${UNSET:12345678}]", "[0]: must be text; put it in quotes"),
        ("[good-enough, good-enough]", ": must not contain the same token twice"),
        ("secret-secret", ": must be a list, got text"),
        ("{secret-secret: 1}", ": must be a list, got a mapping"),
        ("[[secret-secret]]", "[0]: must be text; put it in quotes"),
        ("['secret-${secret']", '[0]: "${" does not begin ${NAME} or ${NAME:default}; "$$" is a dollar sign'),
    ],
)
def test_an_invalid_token_is_reported_without_its_value(tokens: str, problem: str) -> None:
    [message] = problems_of(TOKENS % tokens)
    assert message.split(": server.tokens", 1)[1] == problem
