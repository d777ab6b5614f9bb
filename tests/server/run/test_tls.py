"""The certificate of the server: given, or its own, which is kept."""

import ssl
import stat
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from server.program import StartError
from server.run import tls
from tests.certificates import certificate
from tests.pipeline.builders import config
from tests.serving import Serving

TEXT = "cameras:\n  - {name: scene, model: test_pattern}\n"
TOKEN = "correct-horse-battery"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "camweave"


def test_its_own_certificate_is_made_once_for_this_user_only(state: Path) -> None:
    path = tls.own_certificate()
    assert path == state / "self-signed.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(state.stat().st_mode) == 0o700
    made = path.read_bytes()
    assert tls.own_certificate().read_bytes() == made
    found = x509.load_pem_x509_certificate(made)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert [entry.name for entry in state.iterdir()] == ["self-signed.pem"]


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_damaged_certificate_is_replaced(state: Path, content: bytes) -> None:
    state.mkdir(parents=True)
    (state / "self-signed.pem").write_bytes(content)
    assert tls.fingerprint(tls.own_certificate()).count(":") == 31


def test_a_certificate_that_ends_soon_is_replaced(state: Path) -> None:
    state.mkdir(parents=True)
    cert, key = certificate(state, "soon")
    kept = state / "self-signed.pem"
    kept.write_bytes(key.read_bytes() + cert.read_bytes())
    before = tls.fingerprint(kept)
    assert tls.fingerprint(tls.own_certificate()) != before


def test_a_certificate_that_cannot_be_kept_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(StartError, match="the certificate cannot be kept there: Not a directory$"):
        tls.server_certificate(config(TEXT + "server: {tls: self-signed}\n").server)


def test_without_tls_there_is_none() -> None:
    assert tls.server_certificate(config(TEXT).server) is None


def test_a_server_with_its_own_certificate_prints_its_fingerprint_and_speaks_https(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(TEXT)
    arguments = ("config.yaml", "--tls-self-signed", "--token", TOKEN)
    kept = tmp_path / "state" / "camweave" / "self-signed.pem"
    for _ in range(2):
        with Serving(*arguments, cwd=tmp_path, XDG_STATE_HOME=str(tmp_path / "state")) as serving:
            assert serving.url.startswith("https://127.0.0.1:")
            assert tls.fingerprint(kept) in serving.errors()
            trusting = ssl.create_default_context(cafile=str(kept))
            with httpx.Client(base_url=serving.url, verify=trusting, trust_env=False) as client:
                assert client.get("/healthz").status_code == 200
                signed_in = client.post("/sign-in", json={"token": TOKEN})
                assert "; Secure" in signed_in.headers["set-cookie"]
                assert client.get("/api/cameras").status_code == 200
            with pytest.raises(httpx.TransportError):
                httpx.get(serving.url.replace("https://", "http://"), trust_env=False)
            with pytest.raises(httpx.ConnectError, match="self-signed certificate"):
                serving.client.get("/healthz")


def test_a_given_certificate_is_used(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    (tmp_path / "config.yaml").write_text(TEXT + f"server: {{tls: {{cert: {cert.name}, key: {key.name}}}}}\n")
    with Serving("config.yaml", cwd=tmp_path) as serving:
        context = ssl.create_default_context(cafile=str(cert))
        assert httpx.get(f"{serving.url}healthz", verify=context, trust_env=False).status_code == 200
