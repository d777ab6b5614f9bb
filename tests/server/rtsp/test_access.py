"""Tokens in the forms that RTSP clients have."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from pipeline.config.declarations.tokens import Token, hash_of, plain_token
from server.core import Caller, Tokens, TooManyTokens
from server.core.access.tokens import TRIES
from server.rtsp.access import NONCE_S, RtspAccess, _fields
from streams import RtspError

from .clients import Answer, digest

ADDRESS, URL = "192.0.2.1", "rtsp://host/porch"
SECRET = "porch-secret"


class Access:
    """The access to a server with some tokens, on a clock."""

    def __init__(self, *tokens: Token) -> None:
        self.now = 1_000_000.0
        self.tokens = list(tokens)
        self.checked = RtspAccess(Tokens(lambda: self.tokens, lambda: self.now, lambda: self.now), lambda: self.now)

    def asked(self, address: str = ADDRESS) -> Answer:
        """Return the challenges, as an answer has them."""
        return Answer(401, "", {"WWW-Authenticate": [value for _, value in self.checked.challenges(address)]}, "")

    def caller(self, authorization: str | None, address: str = ADDRESS, camera: str = "porch") -> Caller:
        return self.checked.caller("DESCRIBE", authorization, camera, address)

    def refused(self, authorization: str | None, **how: str) -> list[str]:
        """Return the challenges of a refusal."""
        with pytest.raises(RtspError) as caught:
            self.caller(authorization, **how)
        assert caught.value.status == 401
        return [value for _, value in caught.value.headers]


@pytest.fixture
def access() -> Access:
    return Access(Token(name="viewer", token=SecretStr(SECRET), rights=("view",)), plain_token(SecretStr("another1")))


def test_all_forms_are_asked_for_and_the_last_digest_is_the_one_that_all_know(access: Access) -> None:
    sha256, md5, basic = access.refused(None)
    assert sha256.startswith('Digest realm="camweave", nonce="') and 'algorithm="SHA-256", qop="auth"' in sha256
    assert md5.startswith('Digest realm="camweave", nonce="') and md5.endswith('", algorithm=MD5')
    assert basic == 'Basic realm="camweave"'


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", [False, True])
def test_a_digest_of_a_token_admits(access: Access, algorithm: str, qop: bool) -> None:
    header = digest(access.asked(), "DESCRIBE", URL, SECRET, algorithm=algorithm, qop=qop)
    assert access.caller(header).name == "viewer"
    header = digest(access.asked(), "DESCRIBE", f"{URL}/", "another1", algorithm=algorithm, user="admin")
    assert access.caller(header).name == ""


def test_a_client_that_takes_the_first_challenge_and_knows_md5_only_is_understood(access: Access) -> None:
    first = access.asked().headers["WWW-Authenticate"][0]
    as_md5 = Answer(401, "", {"WWW-Authenticate": [first.replace('"SHA-256"', "MD5")]}, "")
    assert access.caller(digest(as_md5, "DESCRIBE", URL, SECRET)).name == "viewer"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda header: header.replace('response="', 'response="0'),
        lambda header: header.replace("rtsp://host/porch", "rtsp://host/yard"),
        lambda header: f"{header}, algorithm=MD5-sess",
        lambda header: f"{header}, qop=auth",
        lambda header: 'Digest username="token", realm="", nonce="", uri="", response=""',
        lambda header: "Digest",
        lambda header: 'Digest response="ü", uri="rtsp://host/porch"',
        lambda header: header.replace("rtsp:", "ftp:"),
    ],
)
def test_any_other_digest_is_refused_and_counted(access: Access, spoil: Callable[[str], str]) -> None:
    header = spoil(digest(access.asked(), "DESCRIBE", URL, SECRET))
    for _ in range(TRIES):
        assert not any("stale" in each for each in access.refused(header))
    with pytest.raises(TooManyTokens):
        access.caller(header)


def test_the_digest_of_another_method_or_camera_is_refused(access: Access) -> None:
    access.refused(digest(access.asked(), "PLAY", URL, SECRET))
    access.refused(digest(access.asked(), "DESCRIBE", URL, SECRET), camera="yard")


def test_an_old_nonce_is_answered_with_a_new_one_and_not_counted(access: Access) -> None:
    header = digest(access.asked(), "DESCRIBE", URL, SECRET)
    access.now += NONCE_S
    access.caller(header)
    access.now += 1
    for _ in range(TRIES + 1):
        challenges = access.refused(header)
    assert [", stale=TRUE," in each for each in challenges] == [True, True, False]
    assert access.caller(digest(access.asked(), "DESCRIBE", URL, SECRET)).name == "viewer"


def test_a_nonce_is_good_for_one_address_and_made_by_this_server_only(access: Access) -> None:
    header = digest(access.asked(), "DESCRIBE", URL, SECRET)
    assert ", stale=TRUE," in access.refused(header, address="192.0.2.2")[0]
    other = Access(*access.tokens)
    assert ", stale=TRUE," in access.refused(digest(other.asked(), "DESCRIBE", URL, SECRET))[0]
    made_up = Answer(401, "", {"WWW-Authenticate": ['Digest realm="camweave", nonce="zz", algorithm=MD5']}, "")
    assert ", stale=TRUE," in access.refused(digest(made_up, "DESCRIBE", URL, SECRET))[0]


def basic(token: str, user: str = "admin") -> str:
    """Return the header of Basic."""
    return f"Basic {base64.b64encode(f'{user}:{token}'.encode()).decode()}"


def test_basic_admits_with_any_user(access: Access) -> None:
    assert access.caller(basic(SECRET)).name == "viewer"
    assert len(access.refused(basic("wrong"))) == 3


def test_a_token_of_which_only_the_hash_is_known_is_asked_for_by_basic() -> None:
    access = Access(Token(name="hashed", token=SecretStr(hash_of(SECRET))))
    assert access.refused(None) == ['Basic realm="camweave"']
    assert access.caller(basic(SECRET)).name == "hashed"
    access.tokens.append(plain_token(SecretStr("another1")))
    assert len(access.refused(digest(access.asked(), "DESCRIBE", URL, SECRET))) == 3


def test_a_server_without_tokens_takes_any_request() -> None:
    access = Access()
    for header in (None, "Digest x=y", basic("any")):
        assert access.caller(header).cameras is None


@pytest.mark.parametrize("many", ["a", "a ", "a=", 'a="', "a=\\", " ", '\\"'])
def test_a_long_header_takes_as_long_as_it_is(many: str) -> None:
    text = f"uri=x, {many * (30_000 // len(many))}"  # one word of this length took half a minute
    assert _fields(text)["uri"] == "x"
