"""Parsers and types of command-line options; an invalid value is an error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from typer.core import TyperGroup

MAX_PORT = 65_535


def host_name(text: str) -> str:
    """Parse a host name or an address; an IPv6 address may be in brackets."""
    return text.strip("[]")


def port_number(text: str) -> int:
    """Parse a port number."""
    if _is_count(text) and int(text) <= MAX_PORT:
        return int(text)
    raise typer.BadParameter(f'must be a whole number between 0 and {MAX_PORT}, got "{text}"')


def count(text: str) -> int:
    """Parse a largest number of results; 0 is all."""
    if _is_count(text):
        return int(text)
    raise typer.BadParameter(f'must be a whole number, 0 for all, got "{text}"')


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def fraction(text: str | float) -> float:
    """Parse a number between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if 0 <= value <= 1:
        return value
    raise typer.BadParameter(f'must be a number between 0 and 1, got "{text}"')


def seconds(text: str | float) -> float:
    """Parse a time in seconds, from 0."""
    value = _number(text)
    if value >= 0:
        return value
    raise typer.BadParameter(f'must be a number of seconds, 0 or more, got "{text}"')


def rate(text: str | float) -> float:
    """Parse a number of frames per second."""
    value = _number(text)
    if value > 0:
        return value
    raise typer.BadParameter(f'must be a number of frames per second, more than 0, got "{text}"')


def _number(text: str | float) -> float:
    """Return a finite number; -1 for any other text."""
    try:
        value = float(text)
    except ValueError:
        return -1.0
    return value if math.isfinite(value) else -1.0


def duration(text: str | float) -> float:
    """Parse a duration such as ``90s``, ``30m``, ``24h`` or ``7d`` into seconds."""
    if isinstance(text, float):
        return text
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdecimal() and len(number) < 7 and unit in units and int(number):
        return float(int(number) * units[unit])
    raise typer.BadParameter(f'must be a time such as 90s, 30m, 24h or 7d, got "{text}"')


def secret(text: str | SecretStr) -> SecretStr:
    """Parse a token; the error does not show it."""
    from pipeline import token_of

    try:
        return token_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Host = Annotated[
    str | None, typer.Option(parser=host_name, metavar="HOST", help="Address to listen on, instead of the file's.")
]
Token = Annotated[
    SecretStr | None,
    typer.Option(
        parser=secret,
        metavar="TOKEN",
        help="A token that clients may send, besides the file's; other programs can read it in the process list.",
    ),
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Allow access from other machines without tokens.")]
ConfigPath = Annotated[str, typer.Argument(metavar="CONFIG", help="The configuration file.", show_default=False)]


class LogLevel(StrEnum):
    """The lowest level of the messages in the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class RedactedGroup(TyperGroup):
    """The commands, whose errors show no secrets: a user may give a URL where a number or a name belongs."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse the options before the command."""
        with _redacted_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Parse the arguments of the command, and run it."""
        with _redacted_errors():
            return super().invoke(ctx)


@contextmanager
def _redacted_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        message = getattr(error, "message", None)
        if isinstance(message, str):  # an error of the command line; its class has no public name
            from cameras import safe_text

            error.message = "\n".join(map(safe_text, message.split("\n")))  # type: ignore[attr-defined]
        raise
