"""The tokens of the ``server:`` block: who may use the server, and for what."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, SecretStr, WithJsonSchema
from pydantic_core import CoreSchema

from cameras import Attributes

Right = Literal["view", "publish", "control", "predict"]
RIGHTS: frozenset[str] = frozenset(get_args(Right))
"""All rights: watch cameras, send video, change what runs, run models on pictures."""

HASHED = "sha256:"
"""Beginning of a token that the file has as a hash."""

_TOKEN = re.compile("[!-~]{8,}")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def token_of(value: Any) -> SecretStr:
    """Return a token that clients must send, or its hash.

    Raises:
        ValueError: The value is not a valid token. Neither the message nor the token's ``repr`` shows it.
    """
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text; put it in quotes")
    if value.startswith(HASHED) and not _HASH.fullmatch(value):
        raise ValueError(f"must have 64 hexadecimal digits after {HASHED}, as camweave token prints it")
    if not _TOKEN.fullmatch(value):
        raise ValueError("must have at least 8 characters: ASCII letters, digits and punctuation, no spaces")
    return SecretStr(value)


def hash_of(token: str) -> str:
    """Return the form of a token for a file that others may read: clients cannot use it.

    It is a plain SHA-256, so that checking a request costs nothing. That is safe only for tokens that cannot be
    guessed: those that ``camweave token`` makes have 192 random bits.
    """
    return f"{HASHED}{hashlib.sha256(token.encode()).hexdigest()}"


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must begin with a letter or digit, then letters, digits, - and _; at most 60")
    return value


_TEXT = r"^[!-~]{8,}$|\$\{"

TokenText = Annotated[
    SecretStr,
    BeforeValidator(token_of),
    WithJsonSchema({"type": "string", "pattern": _TEXT}),
]


class Token(Attributes):
    """A token with a name, its rights and its cameras."""

    name: Annotated[str, AfterValidator(_name)] = Field(description="Its name in the log, never the token itself.")
    token: TokenText = Field(description='The token, or its hash "sha256:..." as `camweave token` prints it.')
    rights: tuple[Right, ...] = Field(
        tuple(get_args(Right)),
        strict=False,
        min_length=1,
        description="What it allows: view cameras, publish video, control what runs, predict; default: all.",
    )
    cameras: tuple[str, ...] | None = Field(
        None, strict=False, min_length=1, description="The only cameras that it allows; default: all."
    )

    @property
    def plain(self) -> str | None:
        """The token itself; ``None`` if only its hash was given."""
        text = self.token.get_secret_value()
        return None if _HASH.fullmatch(text) else text

    @cached_property
    def digest(self) -> bytes:
        """The SHA-256 of the token, whichever way it was given."""
        text = self.token.get_secret_value()
        return (
            bytes.fromhex(text.removeprefix(HASHED))
            if _HASH.fullmatch(text)
            else hashlib.sha256(text.encode()).digest()
        )


class _OrText:
    """Adds a plain token to the JSON Schema. ``json_schema_input_type`` with a model fails in pydantic 2.11."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "pattern": _TEXT}, handler(core)]}


def plain_token(token: SecretStr) -> Token:
    """Return a token without a name, with all rights for all cameras."""
    return Token.model_construct(name="", token=token, rights=tuple(get_args(Right)), cameras=None)


def _token(value: Any) -> Any:
    return value if isinstance(value, (dict, Token)) else plain_token(token_of(value))


def _all_different(value: tuple[Token, ...]) -> tuple[Token, ...]:
    if len({token.digest for token in value}) < len(value):
        raise ValueError("must not contain the same token twice")
    names = [token.name for token in value if token.name]
    if len(set(names)) < len(names):
        raise ValueError("must not contain the same name twice")
    return value


Tokens = Annotated[
    tuple[Annotated[Token, BeforeValidator(_token), _OrText()], ...],
    AfterValidator(_all_different),
]
"""The type of ``server.tokens``: texts, and mappings with a name."""
