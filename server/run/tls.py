"""The TLS of the server: the certificate of the configuration, or one of our own."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import logging
import os
import socket
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pipeline import ServerConfig, TlsConfig

from ..connections import Certificate
from ..program import StartError

logger = logging.getLogger(__name__)

LIFE = datetime.timedelta(days=3650)
_NAME = "camweave"


def server_certificate(server: ServerConfig) -> Certificate | None:
    """Return the certificate of a server; ``None`` for plain HTTP. Blocks while it makes one.

    A certificate of our own is made once and kept in the user's state folder, so that browsers recognise it again. Its
    fingerprint goes to the log.

    Raises:
        StartError: The certificate of our own cannot be kept.
    """
    if server.tls is None:
        return None
    if isinstance(server.tls, TlsConfig):
        return Certificate(server.tls.cert, server.tls.key)
    try:
        path = own_certificate()
    except OSError as error:
        raise StartError(f"{state_folder()}: the certificate cannot be kept there: {error.strerror}") from error
    logger.info("self-signed certificate %s, SHA-256 fingerprint %s", path, fingerprint(path))
    return Certificate(path, path)


def state_folder() -> Path:
    """Return the folder where the program keeps what must survive a restart; it may not exist."""
    configured = os.environ.get("XDG_STATE_HOME", "")
    base = Path(configured) if Path(configured).is_absolute() else Path.home() / ".local" / "state"
    return base / _NAME


def own_certificate() -> Path:
    """Return a PEM file with a certificate that signs itself and its key, which only this user can read.

    A new one is made if there is none, or it cannot be read or ends within a month.

    Raises:
        OSError: It cannot be kept.
    """
    path = state_folder() / "self-signed.pem"
    if not _is_usable(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Two programs may start at once: each makes a whole file, and the last one stays.
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_new_certificate())
            os.replace(made, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise
    return path


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of the certificate in a PEM file, as browsers show it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _is_usable(path: Path) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    except (OSError, ValueError):
        return False
    return certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)


def _new_certificate() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in _host_names()]
    names += [x509.IPAddress(address) for address in map(ipaddress.ip_address, ("127.0.0.1", "::1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # a client's clock may be behind
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)


def _host_names() -> Iterable[str]:
    """Return the names of this machine that fit into a certificate."""
    own = socket.gethostname().lower()
    names = dict.fromkeys(["localhost", own, f"{own.split('.')[0]}.local"])
    return [name for name in names if name.isascii() and all(0 < len(part) < 64 for part in name.split("."))]
