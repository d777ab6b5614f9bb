"""The certificate of a port."""

import ssl
from pathlib import Path

import pytest

from server.connections import Certificate
from server.program import StartError
from tests.certificates import certificate


def test_the_tls_of_a_port_refuses_old_versions(tmp_path: Path) -> None:
    context = Certificate(*certificate(tmp_path)).context("h2")
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_certificate_that_has_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="the certificate cannot be used: "):
        Certificate(tmp_path / "a.pem", tmp_path / "a.key").context("h2")
