"""Who may come in: tokens and what they allow, what a token gives away for a time, and the proxies before clients."""

from .grants import Grant, Grants
from .proxies import TrustedProxies
from .tokens import (
    SIGN_IN_S,
    TRIES,
    TRIES_OF_ALL,
    Caller,
    Credential,
    MissingToken,
    Tokens,
    TooManyTokens,
    WrongToken,
    credential_of,
    current_caller,
    set_caller,
)

__all__ = [
    "SIGN_IN_S",
    "TRIES",
    "TRIES_OF_ALL",
    "Caller",
    "Credential",
    "Grant",
    "Grants",
    "MissingToken",
    "Tokens",
    "TooManyTokens",
    "TrustedProxies",
    "WrongToken",
    "credential_of",
    "current_caller",
    "set_caller",
]
