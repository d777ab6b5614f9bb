"""The ``server:`` block: addresses and ports, access tokens, and ICE."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from cameras import Attributes, LocalPath

from .limits import LimitsConfig
from .site import BasePath, HostName, Network, Origin
from .tokens import Tokens

MAX_PORT = 65_535
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_ICE_URL = re.compile(r"(stun|stuns|turn|turns):[^\s/]+")
_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")


class PortRange(NamedTuple):
    """UDP ports, both ends included."""

    first: int
    last: int


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError(f'must be an IP address, got "{value}"') from None


def _host(value: str) -> str:
    if _HOST.fullmatch(value):
        return value
    try:
        return str(ip_address(value.strip("[]")))
    except ValueError:
        raise ValueError(f'must be a host name or an IP address, got "{value}"') from None


def _ice_url(value: str) -> str:
    if not _ICE_URL.fullmatch(value):
        raise ValueError(f'must be an address such as "stun:stun.example.org:3478" or "turn:...", got "{value}"')
    return value


def _ports(value: Any) -> Any:
    if value is None or isinstance(value, PortRange):
        return value
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    ports = PortRange(int(match[1]), int(match[2])) if match else None
    if ports is None or not 1 <= ports.first <= ports.last <= MAX_PORT:
        got = f'"{value}"' if isinstance(value, str) else value
        raise ValueError(f'must be a range of ports within 1 and {MAX_PORT}, such as "50000-50100", got {got}')
    return ports


IpAddress = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, AfterValidator(_host)]
IceUrl = Annotated[str, AfterValidator(_ice_url)]
UdpPorts = Annotated[
    PortRange | None,
    BeforeValidator(_ports),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^[0-9]{1,5}-[0-9]{1,5}$"}, {"type": "null"}]}),
]


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class IceServer(Attributes):
    """A STUN or TURN server for viewers."""

    urls: Annotated[
        tuple[IceUrl, ...],
        Field(strict=False, min_length=1),
        BeforeValidator(_one_or_more, json_schema_input_type=IceUrl | tuple[IceUrl, ...]),
    ] = Field(description="Its URLs; a single one needs no list, as in browsers.")
    username: str | None = Field(None, description="For TURN.")
    credential: str | None = Field(None, repr=False, description="For TURN.", json_schema_extra={"writeOnly": True})


class IceConfig(Attributes):
    """How peers connect (ICE)."""

    servers: tuple[IceServer, ...] = Field((), strict=False, description="STUN and TURN servers; none by default.")
    addresses: tuple[IpAddress, ...] = Field(
        (),
        strict=False,
        description="Local addresses to use; default: loopback if host is loopback, else all others.",
    )
    advertise: tuple[IpAddress, ...] = Field(
        (), strict=False, description="Public addresses of this machine, offered to viewers beside the local ones."
    )
    udp_ports: UdpPorts = Field(None, description='Ports for media, such as "50000-50100"; default: any free port.')


class ViamConfig(Attributes):
    """The ``viam:`` block: the port for Viam's clients."""

    port: int = Field(ge=0, le=MAX_PORT, description="Port for them (gRPC) on the server's host; 0 takes a free one.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for each missing extra."""
        yield from missing_extra("viam", "viam", "grpclib")


class TlsConfig(Attributes):
    """Certificate and key of a TLS port."""

    cert: LocalPath = Field(description="The certificate chain, a PEM file.")
    key: LocalPath = Field(description="The private key without a password, a PEM file.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield why the files cannot be used."""
        for name, path in (("cert", self.cert), ("key", self.key)):
            if not path.is_file():
                yield (name,), f"no such file: {path}"
                return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key, password=lambda: "-")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                yield ("key",), "belongs to another certificate"
            else:
                yield (), "cert or key is not a valid PEM file, or the key has a password"


SELF_SIGNED: Literal["self-signed"] = "self-signed"

ServerTls = TlsConfig | Literal["self-signed"] | None
"""The type of ``server.tls``."""


class ClarifaiConfig(Attributes):
    """The ``clarifai:`` block: the port for Clarifai's clients."""

    port: int = Field(ge=0, le=MAX_PORT, description="Port for them (gRPC) on the server's host; 0 takes a free one.")
    tls: TlsConfig | None = Field(None, description="Certificate and key; without them the port speaks plain gRPC.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for each missing extra and unusable file."""
        yield from missing_extra("clarifai", "clarifai_grpc", "grpclib")
        if self.tls is not None:
            for address, sentence in self.tls.check():
                yield ("tls", *address), sentence


class RtspConfig(Attributes):
    """The ``rtsp:`` block: the port for players and recorders."""

    port: int = Field(
        ge=0,
        le=MAX_PORT,
        description="Port for them (RTSP) on the server's host, TCP, and UDP with the next one; 0 takes a free one.",
    )


def missing_extra(extra: str, *modules: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield how to install an extra when one of its modules is missing, without importing them."""
    if any(find_spec(module) is None for module in modules):
        yield (), f'needs the extra "{extra}", which is not installed; install it with: pip install "camweave[{extra}]"'


class ServerConfig(Attributes):
    """The ``server:`` block of the YAML."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=MAX_PORT, description="Port to listen on; 0 takes a free one.")
    tokens: Tokens = Field(
        (), strict=False, description="Every request must send one of these; empty: no token needed."
    )
    names: tuple[HostName, ...] = Field(
        (),
        strict=False,
        description="Further host names of this server, such as that of its proxy; addresses, localhost, host and the "
        "machine's own name need no entry.",
    )
    base_path: BasePath = Field("", description="Path before every address, such as /cams, behind a proxy.")
    trusted_proxies: tuple[Network, ...] = Field(
        (), strict=False, description="Addresses or networks of proxies whose X-Forwarded headers are believed."
    )
    origins: tuple[Origin, ...] = Field(
        (), strict=False, description="Other origins whose pages may use the API and embed the pages."
    )
    tls: ServerTls = Field(None, description='Certificate and key for HTTPS, or "self-signed"; default: plain HTTP.')
    ice: IceConfig = Field(IceConfig(), description="How viewers connect (ICE).")
    viam: ViamConfig | None = Field(None, description="Also serve cameras and vision services to Viam's clients.")
    clarifai: ClarifaiConfig | None = Field(None, description="Also serve vision services to Clarifai's clients.")
    rtsp: RtspConfig | None = Field(None, description="Also serve the cameras to players and recorders over RTSP.")
    allow_image_urls: bool = Field(
        False, description="Whether requests may contain image URLs, fetched from public addresses only."
    )
    limits: LimitsConfig = Field(LimitsConfig(), description="Limits on what clients and cameras may cost.")

    def shared_ports(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for each port that the configuration gives to two protocols."""
        taken = {self.port: "server.port"}
        for name, block in (("viam", self.viam), ("clarifai", self.clarifai), ("rtsp", self.rtsp)):
            if block is not None and block.port != 0:
                if block.port in taken:
                    yield (name, "port"), f"must be another port than {taken[block.port]}, got {block.port} for both"
                taken[block.port] = f"server.{name}.port"

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for each setting that is unusable, contradicts another or needs a missing extra."""
        yield from self.shared_ports()
        if isinstance(self.tls, TlsConfig):
            for address, sentence in self.tls.check():
                yield ("tls", *address), sentence
        for name, block in (("viam", self.viam), ("clarifai", self.clarifai)):
            if block is not None:
                for address, sentence in block.check():
                    yield (name, *address), sentence
