"""Grants: what they permit, until when, and that nobody can make or change one."""

import base64
import json

import pytest
from pydantic import SecretStr

from pipeline import Token, hash_of, plain_token
from server.core import Grants
from server.core.access.grants import InvalidGrant

GOOD = "correct-horse-battery"
NOW = 1000.0


def grants(*tokens: Token, now: float = NOW) -> Grants:
    return Grants(lambda: tokens, lambda: now)


def named(**settings: object) -> Token:
    return Token.model_validate({"name": "guest", "token": GOOD, **settings})


PLAIN = plain_token(SecretStr(GOOD))
LINK = grants(PLAIN).sign("link", PLAIN, "yard", NOW + 60)


def test_a_grant_permits_what_was_signed() -> None:
    found = grants(PLAIN).read("link", LINK)
    assert (found.token, found.camera, found.expires_at) == (PLAIN, "yard", NOW + 60)
    assert all(letter.isalnum() or letter in "-_." for letter in LINK)
    assert GOOD not in LINK


def test_a_grant_of_a_token_is_valid_whichever_way_the_token_is_given() -> None:
    assert grants(plain_token(SecretStr(hash_of(GOOD)))).read("link", LINK).camera == "yard"
    assert grants(plain_token(SecretStr("another-good-one")), PLAIN).read("link", LINK).token == PLAIN


@pytest.mark.parametrize(
    ("token", "now", "reason"),
    [
        (PLAIN, NOW + 60, "the link has expired; ask for a new one"),
        (plain_token(SecretStr("another-good-one")), NOW, "the link is not valid"),
        (named(cameras=["street"]), NOW, "the link's token no longer allows this camera"),
        (named(rights=["predict"]), NOW, "the link's token no longer allows to view"),
    ],
)
def test_a_grant_ends_with_its_time_and_with_what_its_token_allows(token: Token, now: float, reason: str) -> None:
    with pytest.raises(InvalidGrant, match=f"^{reason}$"):
        grants(token, now=now).read("link", LINK)


def test_a_grant_of_another_kind_is_refused() -> None:
    for kind in ("watch", "session"):
        with pytest.raises(InvalidGrant):
            grants(PLAIN).read(kind, LINK)


def test_no_changed_grant_is_valid() -> None:
    for place, letter in enumerate(LINK[:-1]):  # of the last letter, some bits do not count
        changed = LINK[:place] + ("A" if letter != "A" else "B") + LINK[place + 1 :]
        with pytest.raises(InvalidGrant):
            grants(PLAIN).read("link", changed)


def content(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    ["", ".", "a", "a.b", "a.b.c", "ü.ü", "\ufffd.a", "[" * 5000, f"{content(1)}.AAAA", f"{content([1, 2, 3, 4])}.AAAA"]
    + [f"{content(['link', LINK, {}, []])}.AAAA", f"{content({'a': 1})}.AAAA", "\x00.\x00", LINK * 100],
)
def test_text_that_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(InvalidGrant, match="^the link is not valid$"):
        grants(PLAIN).read("link", text)
