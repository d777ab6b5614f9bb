"""Counting wrong tokens, and comparing tokens."""

import hmac

import pytest

from server.core import TRIES, MissingToken, Tokens, TooManyTokens, WrongToken
from server.core.tokens import ADDRESSES_MAX, WITHIN_S

GOOD, WRONG = "correct-horse-battery", "incorrect-horse-battery"


class Clock:
    """A clock that only the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_without_tokens_every_request_is_accepted() -> None:
    assert Tokens().refusal([], "10.0.0.1") is None
    assert Tokens().refusal([b"Bearer whatever"], "10.0.0.1") is None


def test_every_token_is_compared_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    original = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    tokens = Tokens(lambda: ["first-token", "second-longer-token", "third-token"])
    for brought in ("first-token", "third-token", "second-longer-token", "none of them", "x" * 5000):
        compared.clear()
        tokens.refusal([brought.encode()], "10.0.0.1")
        assert compared == [(32, 32)] * 3, brought


def refusals(tokens: Tokens, token: str, address: str, times: int) -> list[type | None]:
    found = [tokens.refusal([token.encode()], address) for _ in range(times)]
    return [None if refusal is None else type(refusal) for refusal in found]


def test_wrong_tokens_are_counted_per_address_for_a_while() -> None:
    clock = Clock()
    tokens = Tokens(lambda: [GOOD], clock)
    assert refusals(tokens, WRONG, "10.0.0.1", TRIES + 5) == [WrongToken] * TRIES + [TooManyTokens] * 5
    assert refusals(tokens, GOOD, "10.0.0.1", 1) == [TooManyTokens]
    assert refusals(tokens, "", "10.0.0.1", 1) == [MissingToken]
    assert refusals(tokens, GOOD, "10.0.0.2", 1) == [None]
    clock.now += WITHIN_S - 0.5
    refusal = tokens.refusal([GOOD.encode()], "10.0.0.1")
    assert refusal is not None and refusal.retry_after_s == 1
    clock.now += 0.5
    assert refusals(tokens, GOOD, "10.0.0.1", 1) == [None]
    assert refusals(tokens, WRONG, "10.0.0.1", 1) == [WrongToken]


def test_wrong_tokens_are_logged_once_per_address_and_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    tokens = Tokens(lambda: [GOOD], clock)
    for address in ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", ""):
        refusals(tokens, WRONG, address, TRIES + 5)
    refusals(tokens, GOOD, "10.0.0.3", 1)
    refusals(tokens, "", "10.0.0.4", 1)
    places = ["10.0.0.1", "10.0.0.2", "2001:db8::/64", "an unknown address"]
    expected = [("WARNING", f"a wrong token came from {place}") for place in places]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == expected
    clock.now += WITHIN_S - 0.5
    refusals(tokens, WRONG, "10.0.0.1", 1)
    assert len(caplog.records) == len(expected)
    clock.now += 0.5
    refusals(tokens, WRONG, "10.0.0.1", 2)
    assert [record.getMessage() for record in caplog.records[len(expected) :]] == [expected[0][1]]


def test_few_wrong_tokens_over_a_long_time_are_not_refused() -> None:
    clock = Clock()
    tokens = Tokens(lambda: [GOOD], clock)
    for _ in range(10 * TRIES):
        assert refusals(tokens, WRONG, "10.0.0.1", 1) == [WrongToken]
        clock.now += WITHIN_S / TRIES
    assert refusals(tokens, GOOD, "10.0.0.1", 1) == [None]


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
    tokens = Tokens(lambda: [GOOD], Clock())
    refusals(tokens, WRONG, one, TRIES)
    assert refusals(tokens, GOOD, other, 1) == [TooManyTokens if same else None]


def test_the_number_of_remembered_addresses_is_limited() -> None:
    tokens = Tokens(lambda: [GOOD], Clock())
    for number in range(ADDRESSES_MAX + 100):
        refusals(tokens, WRONG, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1)
    assert len(tokens._wrong) == len(tokens._warned) == ADDRESSES_MAX
    assert "10.0.0.0" not in tokens._wrong


@pytest.mark.parametrize("value", ["", " ", "Bearer", "Bearer ", "Key ", " key  "])
def test_an_empty_token_is_a_missing_token(value: str) -> None:
    assert refusals(Tokens(lambda: [GOOD]), value, "10.0.0.1", 1) == [MissingToken]
