"""The certificate of a port with TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from ..program import StartError


@dataclass(frozen=True)
class Certificate:
    """A certificate with its private key, as PEM files, which may be the same one."""

    cert: Path
    key: Path

    def context(self, protocol: str) -> ssl.SSLContext:
        """Return the TLS of a port.

        Args:
            protocol: What the port speaks, by the name that TLS has for it (ALPN): ``http/1.1`` or ``h2``.

        Raises:
            StartError: The files cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols([protocol])
        try:
            context.load_cert_chain(self.cert, self.key, password=lambda: "-")
        except (OSError, ssl.SSLError) as error:
            raise StartError(f"{self.cert}: the certificate cannot be used: {error}") from error
        return context
