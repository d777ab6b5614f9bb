"""Parsers and types of command-line options; an invalid value is an error."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from pydantic import SecretStr

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


def secret(text: str | SecretStr) -> SecretStr:
    """Parse a token; the error does not show it."""
    from pipeline import token_of

    try:
        return token_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


ConfigPath = Annotated[str, typer.Argument(metavar="CONFIG", help="The configuration file.", show_default=False)]


class LogLevel(StrEnum):
    """The lowest level of the messages in the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
