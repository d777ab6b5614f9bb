"""Tokens of the configuration: their forms, rights and cameras; no message shows one."""

import hashlib

import pytest

from pipeline import RIGHTS, Token, hash_of

from ..texts import problems_of
from ..texts import read as config

TEXT = "cameras:\n  - {name: street, model: webcam}\n  - {name: yard, model: webcam}\nserver: {tokens: %s}\n"
GOOD = "correct-horse-battery"


def read(tokens: str) -> tuple[Token, ...]:
    return config(TEXT % tokens).server.tokens


def test_a_text_is_a_token_with_all_rights() -> None:
    [token] = read(f"[{GOOD}]")
    assert (token.name, frozenset(token.rights), token.cameras) == ("", RIGHTS, None)
    assert token.digest == hashlib.sha256(GOOD.encode()).digest()


def test_a_named_token_has_its_rights_and_cameras() -> None:
    all_rights, guest = read(
        f"[{{name: admin, token: {GOOD}}}, {{name: guest, token: guests-only, rights: [view], cameras: [yard]}}]"
    )
    assert (all_rights.name, frozenset(all_rights.rights), all_rights.cameras) == ("admin", RIGHTS, None)
    assert (guest.name, guest.rights, guest.cameras) == ("guest", ("view",), ("yard",))


@pytest.mark.parametrize("form", ["['%s']", "[{name: a, token: '%s'}]"])
def test_a_hash_stands_for_its_token(form: str) -> None:
    [plain], [hashed] = read(form % GOOD), read(form % hash_of(GOOD))
    assert plain.digest == hashed.digest
    assert GOOD not in hash_of(GOOD)


def test_no_text_of_a_token_shows_it() -> None:
    server = config(TEXT % f"[{GOOD}, {{name: a, token: another-secret}}, '{hash_of('x' * 20)}']").server
    for shown in (repr(server), str(server), repr(server.tokens), str(server.model_dump()), server.model_dump_json()):
        assert "horse" not in shown and "another" not in shown and hash_of("x" * 20) not in shown


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        ("[sha256:12345678]", "[0]: must have 64 hexadecimal digits after sha256:, as camweave token prints it"),
        (f"['{hash_of(GOOD)}', {GOOD}]", ": must not contain the same token twice"),
        (
            "[{name: a, token: good-enough}, {name: a, token: another-good}]",
            ": must not contain the same name twice",
        ),
        ("[{name: a, token: good-enough, rights: []}]", "[0].rights: must have at least 1 entry, got none"),
        (
            "[{name: a, token: good-enough, rights: [veiw]}]",
            '[0].rights[0]: must be one of: view, publish, control, predict; got "veiw" (did you mean "view"?)',
        ),
        (
            "[{name: a, token: good-enough, cameras: [yrad]}]",
            '[0].cameras[0]: no camera is named "yrad", did you mean "yard"? (known: street, yard)',
        ),
        ("[{token: good-enough}]", "[0].name: is missing"),
        ("[{name: a}]", "[0].token: is missing"),
        ("[{name: a b, token: good-enough}]", "[0].name: must begin with a letter or digit, then letters, "),
        ("[{name: a, token: 12345678}]", "[0].token: must be text; put it in quotes"),
        ("[{name: a, token: good-enough, right: [view]}]", '[0].right: unknown key, did you mean "rights"?'),
    ],
)
def test_an_invalid_token_is_reported_at_its_place(tokens: str, problem: str) -> None:
    [message] = problems_of(TEXT % tokens)
    assert message.split(": server.tokens", 1)[1].startswith(problem)
    assert "good-enough" not in message and "sha256:1" not in message
