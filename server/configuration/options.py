"""The options of ``camweave serve``, and the configuration that results from a file and these options."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pipeline import SELF_SIGNED, Config, TlsConfig, plain_token

from ..program import UsageError, is_loopback


@dataclass(frozen=True)
class ServeOptions:
    """Options of the command line that change the ``server:`` block of the file.

    Attributes:
        host: Address to listen on; ``None`` keeps the file's.
        port: Port to listen on, 0 for a free one; ``None`` keeps the file's.
        token: A token in addition to those of the file.
        insecure: Whether other machines may connect although there are no tokens.
        tls_cert: Certificate for HTTPS, with ``tls_key``.
        tls_key: Its private key.
        tls_self_signed: Whether to serve HTTPS with a certificate of our own.
    """

    host: str | None = None
    port: int | None = None
    token: SecretStr | None = None
    insecure: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_self_signed: bool = False


def apply_options(config: Config, options: ServeOptions) -> Config:
    """Return the configuration to serve: that of the file, changed by the options.

    Every configuration must pass through here before it is served, also one that replaces another while the server
    runs. Otherwise a file without tokens would open a server whose only token is that of the command line.

    Args:
        config: The configuration as it was read from the file.
        options: The options that the server was started with.

    Raises:
        UsageError: The result would be unsafe (other machines could connect without a token), the file has the token
            of the options already, the host is unknown, or the certificate cannot be used. No message shows a token.
    """
    changed: dict[str, Any] = {"host": options.host, "port": options.port, "tls": _tls(options)}
    server = config.server.model_copy(update={key: value for key, value in changed.items() if value is not None})
    if options.token is not None:
        token = plain_token(options.token)
        if token.digest in [other.digest for other in server.tokens]:
            raise UsageError("the token given with --token is already in the file")
        server = server.model_copy(update={"tokens": (*server.tokens, token)})
    if not options.insecure and not server.tokens and not is_loopback(server.host):
        raise UsageError(
            f"host {server.host} is reachable from other machines, and there are no tokens; set one with "
            "server.tokens or --token, listen on 127.0.0.1, or pass --insecure to allow access without tokens"
        )
    for address, sentence in server.shared_ports():
        raise UsageError(f"server.{'.'.join(map(str, address))}: {sentence}")
    return dataclasses.replace(config, server=server)


def _tls(options: ServeOptions) -> Any:
    cert, key = options.tls_cert, options.tls_key
    if options.tls_self_signed:
        if cert is not None or key is not None:
            raise UsageError("--tls-self-signed makes its own certificate: use it without --tls-cert and --tls-key")
        return SELF_SIGNED
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise UsageError("--tls-cert and --tls-key belong together: give both")
    tls = TlsConfig.model_construct(cert=cert, key=key)
    for address, sentence in tls.check():
        raise UsageError(f"{'--tls-' + str(address[0]) if address else '--tls-cert'}: {sentence}")
    return tls
