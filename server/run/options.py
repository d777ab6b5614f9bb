"""The options of ``camweave serve``, and the configuration that results from a file and these options."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from pydantic import SecretStr

from pipeline import VIAM_IS_OPEN, Config

from ..program import UsageError, is_loopback


@dataclass(frozen=True)
class ServeOptions:
    """Options of the command line that change the ``server:`` block of the file.

    Attributes:
        host: Address to listen on; ``None`` keeps the file's.
        port: Port to listen on, 0 for a free one; ``None`` keeps the file's.
        token: A token in addition to those of the file.
        insecure: Whether other machines may connect although there are no tokens.
    """

    host: str | None = None
    port: int | None = None
    token: SecretStr | None = None
    insecure: bool = False


def apply_options(config: Config, options: ServeOptions) -> Config:
    """Return the configuration to serve: that of the file, changed by the options.

    Every configuration must pass through here before it is served, also one that replaces another while the server
    runs. Otherwise a file without tokens would open a server whose only token is that of the command line.

    Args:
        config: The configuration as it was read from the file.
        options: The options that the server was started with.

    Raises:
        UsageError: The result would be unsafe (other machines could connect without a token, or could use Viam's port
            although there are tokens), the file has the token of the options already, or the host is unknown. No
            message shows a token.
    """
    replaced = {"host": options.host, "port": options.port}
    server = config.server.model_copy(update={key: value for key, value in replaced.items() if value is not None})
    if options.token is not None:
        if options.token in server.tokens:
            raise UsageError("the token given with --token is already in the file")
        server = server.model_copy(update={"tokens": (*server.tokens, options.token)})
    if not options.insecure and not server.tokens and not is_loopback(server.host):
        raise UsageError(
            f"host {server.host} is reachable from other machines, and there are no tokens; set one with "
            "server.tokens or --token, listen on 127.0.0.1, or pass --insecure to allow access without tokens"
        )
    if server.has_open_viam():
        raise UsageError(f"server.viam: {VIAM_IS_OPEN}")
    for address, sentence in server.shared_ports():
        raise UsageError(f"server.{'.'.join(map(str, address))}: {sentence}")
    return dataclasses.replace(config, server=server)
