"""The further doors of the server in the YAML: what they need, and what is said when it is not there."""

from pathlib import Path

import pytest

from tests.certificates import certificate

from .config_texts import read, said

TEXT = "cameras:\n  - {name: a, model: webcam}\nserver: {clarifai: {port: 0, tls: {cert: %s, key: %s}}}\n"
WRONG = "pipeline.yaml:3:35: server.clarifai.tls: one of the two is no PEM file of its kind, or the key has a password"


def test_pictures_by_url_are_off_until_they_are_allowed() -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {%s}\n"
    assert not read(text % "").server.allow_image_urls
    assert read(text % "allow_image_urls: true").server.allow_image_urls


def test_certificate_and_key_are_looked_at(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    other = certificate(tmp_path, "other")[1]
    assert read(TEXT % (cert, key)).server.clarifai is not None
    [message] = said(TEXT % (cert, other))
    assert message.endswith(": server.clarifai.tls.key: belongs to another certificate")
    assert said(TEXT % (cert, cert)) == [WRONG]
    assert said(TEXT % (__file__, key)) == [WRONG]
    assert said(TEXT % (tmp_path / "no.pem", key)) == [
        f"pipeline.yaml:3:42: server.clarifai.tls.cert: no such file: {tmp_path / 'no.pem'}"
    ]


def test_a_key_with_a_password_is_not_asked_for_it(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, password=b"secret")
    assert said(TEXT % (cert, key)) == [WRONG]


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {clarifai: {port: 0}}\n"
    assert read(text).server.clarifai is not None
    monkeypatch.setattr("pipeline.server_config.find_spec", lambda name: None)
    assert said(text) == [
        "pipeline.yaml:3:20: server.clarifai: "
        'needs the extra "clarifai", which is not installed; get it with: pip install "camweave[clarifai]"'
    ]


def test_a_port_is_needed_and_what_nobody_knows_is_named() -> None:
    text = "cameras:\n  - {name: a, model: webcam}\nserver: {clarifai: {ports: 1}}\n"
    assert said(text) == [
        "pipeline.yaml:3:20: server.clarifai.port: is missing",
        'pipeline.yaml:3:21: server.clarifai.ports: unknown key, did you mean "port"? (known: port, tls)',
    ]
