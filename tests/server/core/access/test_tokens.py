"""Tokens of requests: comparing them, counting wrong ones, rights, and the forms that clients send."""

import base64
import hmac
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from pipeline import Token, hash_of, plain_token
from server.core import (
    TRIES,
    TRIES_OF_ALL,
    Caller,
    Credential,
    Forbidden,
    MissingToken,
    RequestError,
    Tokens,
    TooManyTokens,
    WrongToken,
    credential_of,
)
from server.core.access.tokens import ADDRESSES_MAX, SIGN_IN_S, WITHIN_S
from server.program import LogLimit

GOOD, WRONG = "correct-horse-battery", "incorrect-horse-battery"


class Clock:
    """A clock that only the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def plain(*tokens: str) -> Callable[[], list[Token]]:
    declared = [plain_token(SecretStr(token)) for token in tokens]
    return lambda: declared


def named(name: str, token: str, **settings: object) -> Token:
    return Token.model_validate({"name": name, "token": token, **settings})


def ask(tokens: Tokens, token: str, address: str = "10.0.0.1") -> Caller | RequestError:
    try:
        return tokens.admit(credential_of([token.encode()]), address)
    except RequestError as error:
        return error


def outcomes(tokens: Tokens, token: str, address: str, times: int) -> list[type]:
    return [type(ask(tokens, token, address)) for _ in range(times)]


def test_without_tokens_every_request_is_accepted() -> None:
    for sent in ("", "Bearer whatever", "Basic ???"):
        caller = ask(Tokens(), sent)
        assert isinstance(caller, Caller)
        caller.require({"control"})
        assert caller.may_use("any")


def test_every_token_is_compared_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    original = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    tokens = Tokens(plain("first-token", "second-longer-token", "third-token"))
    for sent in ("first-token", "third-token", "second-longer-token", "none of them", "x" * 5000):
        compared.clear()
        ask(tokens, sent)
        assert compared == [(32, 32)] * 3, sent


def test_wrong_tokens_are_counted_per_address_for_a_while_and_a_valid_one_is_never_locked_out() -> None:
    clock = Clock()
    tokens = Tokens(plain(GOOD), clock)
    assert outcomes(tokens, WRONG, "10.0.0.1", TRIES + 5) == [WrongToken] * TRIES + [TooManyTokens] * 5
    assert outcomes(tokens, GOOD, "10.0.0.1", 1) == [Caller]
    assert outcomes(tokens, "", "10.0.0.1", 1) == [MissingToken]
    assert outcomes(tokens, WRONG, "10.0.0.2", 1) == [WrongToken]
    clock.now += WITHIN_S - 0.5
    refusal = ask(tokens, WRONG)
    assert isinstance(refusal, TooManyTokens) and refusal.retry_after_s == 1
    clock.now += 0.5
    assert outcomes(tokens, WRONG, "10.0.0.1", 1) == [WrongToken]


def test_wrong_tokens_from_many_addresses_are_limited_together() -> None:
    clock = Clock()
    tokens = Tokens(plain(GOOD), clock)
    found = [outcomes(tokens, WRONG, f"10.0.{number >> 8}.{number & 255}", 1)[0] for number in range(5 * TRIES_OF_ALL)]
    assert found == [WrongToken] * TRIES_OF_ALL + [TooManyTokens] * 4 * TRIES_OF_ALL
    assert len(tokens._wrong) == TRIES_OF_ALL
    refusal = ask(tokens, WRONG, "10.9.9.9")
    assert isinstance(refusal, TooManyTokens)
    assert refusal.detail == "too many wrong tokens came to this server; try again later"
    assert outcomes(tokens, GOOD, "10.0.0.1", 1) == outcomes(tokens, GOOD, "10.9.9.9", 1) == [Caller]
    clock.now += WITHIN_S
    assert outcomes(tokens, WRONG, "10.9.9.9", 1) == [WrongToken]


def test_wrong_tokens_are_logged_once_per_address_and_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    tokens = Tokens(plain(GOOD), clock)
    with caplog.filtering(LogLimit(clock)):
        for address in ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", ""):
            outcomes(tokens, WRONG, address, TRIES + 5)
        outcomes(tokens, GOOD, "10.0.0.3", 1)
        outcomes(tokens, "", "10.0.0.4", 1)
        places = ["10.0.0.1", "10.0.0.2", "2001:db8::/64", "an unknown address"]
        expected = [("WARNING", f"a wrong token came from {place}") for place in places]
        assert [(record.levelname, record.getMessage()) for record in caplog.records] == expected
        clock.now += WITHIN_S - 0.5
        outcomes(tokens, WRONG, "10.0.0.1", 1)
        assert len(caplog.records) == len(expected)
        clock.now += 0.5
        outcomes(tokens, WRONG, "10.0.0.1", 2)
        assert [record.getMessage() for record in caplog.records[len(expected) :]] == [expected[0][1]]


def test_few_wrong_tokens_over_a_long_time_are_not_refused() -> None:
    clock = Clock()
    tokens = Tokens(plain(GOOD), clock)
    for _ in range(10 * TRIES):
        assert outcomes(tokens, WRONG, "10.0.0.1", 1) == [WrongToken]
        clock.now += WITHIN_S / TRIES


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("", "", True),
    ],
)
def test_an_ipv6_network_counts_as_one_address(one: str, other: str, same: bool) -> None:
    tokens = Tokens(plain(GOOD), Clock())
    outcomes(tokens, WRONG, one, TRIES)
    assert outcomes(tokens, WRONG, other, 1) == [TooManyTokens if same else WrongToken]


def test_the_number_of_remembered_addresses_is_limited() -> None:
    clock = Clock()
    tokens = Tokens(plain(GOOD), clock)
    for number in range(ADDRESSES_MAX + 100):
        clock.now += WITHIN_S / TRIES_OF_ALL
        outcomes(tokens, WRONG, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1)
    assert len(tokens._wrong) == ADDRESSES_MAX
    assert "10.0.0.0" not in tokens._wrong


@pytest.mark.parametrize("value", ["", " ", "Bearer", "Bearer ", "Key ", " key  ", "Basic", "Basic "])
def test_an_empty_token_is_a_missing_token(value: str) -> None:
    assert outcomes(Tokens(plain(GOOD)), value, "10.0.0.1", 1) == [MissingToken]


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize("user", ["", "admin", "x@y", "ü"])
def test_basic_takes_any_user_with_the_token_as_password(user: str) -> None:
    tokens = Tokens(plain("with:a:colon", GOOD))
    for token in ("with:a:colon", GOOD):
        assert outcomes(tokens, basic(f"{user}:{token}"), "10.0.0.1", 1) == [Caller]
        assert outcomes(tokens, basic(f"{token}:"), "10.0.0.1", 1) == [WrongToken]
        assert outcomes(tokens, basic(token), "10.0.0.1", 1) == [WrongToken]
    found = credential_of([basic(f"{user}:{GOOD}").encode()])
    assert found == Credential(GOOD.encode(), ambient=True)
    assert credential_of([f"Bearer {GOOD}".encode()]) == Credential(GOOD.encode())
    assert outcomes(tokens, "Basic !!!", "10.0.0.1", 1) == [WrongToken]


def test_a_hashed_token_is_accepted_and_its_hash_is_not() -> None:
    hashed = hash_of(GOOD)
    tokens = Tokens(plain(hashed))
    assert outcomes(tokens, GOOD, "10.0.0.1", 1) == [Caller]
    assert outcomes(tokens, hashed, "10.0.0.1", 1) == [WrongToken]


def test_a_caller_has_the_rights_and_cameras_of_its_token() -> None:
    guest = named("guest", GOOD, rights=["view", "predict"], cameras=["yard"])
    caller = ask(Tokens(lambda: [guest]), GOOD)
    assert caller == Caller("guest", frozenset({"view", "predict"}), frozenset({"yard"}))
    caller.require({"view"})
    caller.require({"view", "control"})
    with pytest.raises(Forbidden, match="^this token does not have the right control or publish$"):
        caller.require({"control", "publish"})
    assert (caller.may_use("yard"), caller.may_use("street"), caller.may_use("")) == (True, False, False)


def test_a_browser_that_has_signed_in_is_the_caller_of_its_token_until_that_goes() -> None:
    now = Clock()
    declared = [named("guest", GOOD, cameras=["yard"])]
    tokens = Tokens(lambda: declared, Clock(), now)
    value = tokens.signed_in(Credential(GOOD.encode()), "10.0.0.1")
    for other in (None, Credential(WRONG.encode(), ambient=True)):
        assert tokens.admit(other, "10.0.0.1", value).name == "guest"
    with pytest.raises(WrongToken):
        tokens.admit(Credential(WRONG.encode()), "10.0.0.1", value)
    with pytest.raises(WrongToken):
        tokens.admit(Credential(value.encode()), "10.0.0.1")  # it is no token
    now.now += SIGN_IN_S
    with pytest.raises(MissingToken):
        tokens.admit(None, "10.0.0.1", value)
    now.now -= 1
    assert tokens.admit(None, "10.0.0.1", value).cameras == frozenset({"yard"})
    declared[:] = [named("other", "another-good-one")]
    with pytest.raises(MissingToken):
        tokens.admit(None, "10.0.0.1", value)
    left = TRIES - 2  # after the two wrong ones above
    assert outcomes(tokens, WRONG, "10.0.0.1", left) == [WrongToken] * left, "old cookies are not counted"


@pytest.mark.parametrize("sent", [WRONG, "", "x.y"])
def test_only_a_token_signs_in(sent: str) -> None:
    with pytest.raises((WrongToken, MissingToken)):
        Tokens(plain(GOOD)).signed_in(Credential(sent.encode()), "10.0.0.1")


def test_a_token_of_a_link_does_not_sign_in() -> None:
    declared = plain(GOOD)
    tokens = Tokens(declared, Clock(), Clock())
    link = tokens._grants.sign("link", declared()[0], "yard", 2000)
    watch, grant = tokens.exchange(link, "10.0.0.1")
    assert (grant.camera, grant.expires_at) == ("yard", 2000.0)
    caller = tokens.admit(Credential(watch.encode()), "10.0.0.1")
    assert (caller.rights, caller.cameras, caller.expires_at) == (frozenset({"view"}), frozenset({"yard"}), 2000.0)
    with pytest.raises(WrongToken):
        tokens.signed_in(Credential(watch.encode()), "10.0.0.1")


def test_what_has_expired_does_not_count_as_a_wrong_token() -> None:
    now = Clock()
    declared = plain(GOOD)
    tokens = Tokens(declared, Clock(), now)
    link = tokens._grants.sign("link", declared()[0], "yard", now.now + 60)
    watch, _ = tokens.exchange(link, "10.0.0.1")
    now.now += 60
    for _ in range(TRIES + 1):
        with pytest.raises(WrongToken, match="^the link has expired; ask for a new one$"):
            tokens.exchange(link, "10.0.0.1")
        with pytest.raises(WrongToken, match="^the link has expired; ask for a new one$"):
            tokens.admit(Credential(watch.encode()), "10.0.0.1")
    assert outcomes(tokens, WRONG, "10.0.0.1", 1) == [WrongToken]


def test_wrong_links_count_as_wrong_tokens() -> None:
    tokens = Tokens(plain(GOOD), Clock(), Clock())
    for _ in range(TRIES):
        with pytest.raises(WrongToken, match="^the link is not valid$"):
            tokens.exchange("x.y", "10.0.0.1")
    with pytest.raises(TooManyTokens):
        tokens.exchange("x.y", "10.0.0.1")


def test_a_caller_is_told_why_it_may_no_longer_do_what_it_began() -> None:
    now = Clock()
    declared: list[Token] = []
    tokens = Tokens(lambda: declared, Clock(), now)
    anyone = ask(tokens, "")
    declared[:] = [named("guard", GOOD, rights=["view"], cameras=["yard"]), named("other", WRONG)]
    guard = ask(tokens, GOOD)
    link = tokens._grants.sign("link", declared[0], "yard", now.now + 60)
    guest = ask(tokens, tokens.exchange(link, "10.0.0.1")[0])
    assert isinstance(anyone, Caller) and isinstance(guard, Caller) and isinstance(guest, Caller)

    def reasons(*callers: Caller) -> list[str]:
        return [tokens.withdrawal(caller, "view", "yard") for caller in callers]

    assert reasons(anyone, guard, guest) == ["the server needs a token now", "", ""]
    declared[0] = named("renamed", GOOD, cameras=["door", "yard"])
    assert reasons(guard, guest) == ["", ""]
    declared[0] = named("guard", GOOD, cameras=["door"])
    assert reasons(guard, guest) == ["its token no longer allows this camera"] * 2
    declared[0] = named("guard", GOOD, rights=["predict"], cameras=["yard"])
    assert reasons(guard, guest) == ["its token no longer has the right view"] * 2
    declared[0] = named("guard", "another-token-of-the-guard")
    assert reasons(guard, guest) == ["its token is no longer valid"] * 2
    declared.clear()
    assert reasons(anyone, guard, guest) == ["", "", ""]
    now.now += 60
    assert reasons(guest) == ["its permission has expired"]


def test_a_client_may_prove_that_it_knows_a_token_unless_the_server_knows_only_the_hash() -> None:
    declared = [named("viewer", GOOD, rights=["view"]), named("hashed", hash_of("another-long-token"))]
    tokens = Tokens(lambda: declared, Clock())
    assert tokens.provable
    caller = tokens.admit_knowing(lambda token: token == GOOD, "10.0.0.1")
    assert caller.name == "viewer" and caller.rights == frozenset({"view"})
    seen: list[str] = []

    def wrong(token: str) -> bool:
        seen.append(token)
        return False

    for _ in range(TRIES):
        with pytest.raises(WrongToken):
            tokens.admit_knowing(wrong, "10.0.0.1")
    assert set(seen) == {GOOD}
    with pytest.raises(TooManyTokens):
        tokens.admit_knowing(lambda token: False, "10.0.0.1")
    del declared[0]
    assert not tokens.provable
    del declared[0]
    assert tokens.admit_knowing(lambda token: False, "10.0.0.1") == Caller()
