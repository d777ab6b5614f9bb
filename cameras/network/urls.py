"""Validation of stream URLs, and texts that are safe to show: without secrets of URLs and control characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp", "tls")

HIDDEN = "***"

ESCAPING = "percent-encode user and password, or use the keys username and password"
"""The remedy when the host of a URL is unclear because a password has unescaped characters.

It has no ``@``: :func:`redact_url` would take it for a part of the URL before it.
"""
_WITHOUT_SLASHES = (*SCHEMES, "stun", "stuns", "turn", "turns")

# The start of a URL: a scheme of two letters or more (one is a Windows drive) with a colon, followed by slashes
# or by text that ends in @. Or user and password without a scheme. The limits keep the search linear.
_BEGINNING = re.compile(
    r"""(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{1,30}):(?:/+|(?=[^\s/]{0,1000}@))|(?<!\S)[^\s:/"']+:[^\s/]*(?=@)"""
)
_ANOTHER = re.compile(r"""[\s"'][A-Za-z][A-Za-z0-9+.\-]+://""")
_NAME = r"(?=[\w.\-]{1,253}(?:[:/]|$))(?:[\w\-]{1,63}\.)*[\w\-]{1,63}\.?"
_ADDRESS = re.compile(rf"(?P<host>{_NAME}|\[[0-9A-Fa-f:.%]+\]|(?=:))(?::(?P<port>[0-9]{{1,5}}))?")
_SENTENCE = re.compile(rf"(?:{_ADDRESS.pattern}|\*{{3}})/?(?=: [^@]*$)")


_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # part of correct spelling in several scripts, and harmless


def safe_text(text: str) -> str:
    """Return a text that may appear in a log, an error or a reply.

    The text is put on one line by :func:`one_line`, and its URLs are redacted by :func:`redact_url`. All text from
    outside passes through here: names of files, messages of exceptions, values of a configuration.
    """
    # In this order: a line break in a password would otherwise end the URL, and the rest of it would be shown.
    return redact_url(one_line(text))


def one_line(text: str) -> str:
    """Return a text with line breaks, control characters and direction overrides escaped."""
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter in _JOINERS or unicodedata.category(letter) not in _UNSHOWN
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def is_url(text: str) -> bool:
    """Return whether a text starts like a URL: a scheme, a colon and a slash."""
    beginning = _BEGINNING.match(text)
    return beginning is not None and beginning[0].endswith("/")


def redact_url(text: str) -> str:
    """Return a text with every URL reduced to scheme, host and port.

    Other parts may contain secrets: user and password, the query, a stream key in the path. If the host is ambiguous,
    because a password has unescaped characters, it is hidden too. A text that starts with a URL counts as one to its
    end (except ``rtsp://camera: reason``, a sentence), a quoted URL to the closing quote.
    """
    return "\n".join(_redacted_line(line) for line in text.split("\n"))


def _redacted_line(line: str) -> str:
    shown = ""
    while (beginning := _BEGINNING.search(line)) is not None:
        before, rest = line[: beginning.start()], line[beginning.end() :]
        end = _end(before if before or shown else None, rest)
        shown += before + _shown(beginning["scheme"], rest[:end], beginning[0])
        line = rest[end:]
    return shown + line


def _end(before: str | None, rest: str) -> int:
    """Return the length of the URL at the start of the rest of a line."""
    if (sentence := _SENTENCE.match(rest)) is not None:
        return sentence.end()
    if before is None:
        return len(rest)
    quote = before[-1:]
    if quote and quote in "\"'`" and quote in rest:
        return rest.rindex(quote)
    # A password may contain a space, so the URL extends at least to its last @, unless another URL starts before.
    if (another := _ANOTHER.search(rest)) is not None:
        rest = rest[: another.start()]
    word = re.compile(r"""[^\s"'`,;)>]*""").match(rest, rest.rfind("@") + 1)
    return word.end() if word else len(rest)


def _shown(scheme: str | None, rest: str, beginning: str) -> str:
    if scheme is None or ("/" not in beginning and scheme.lower() not in _WITHOUT_SLASHES):
        return HIDDEN
    if rest == "":
        return beginning
    host = None if beginning.endswith("///") and "@" not in rest else _host(rest)
    return f"{scheme}://{HIDDEN if host is None else host}"


def _host(rest: str) -> str | None:
    """Return host and port from the text after the slashes of a URL, with a slash if nothing follows it.

    ``None`` if they are ambiguous.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, host = rest.rpartition("@")
    if at and "@" not in authority:
        # Either a password contains / ? or #, or the path contains an @. Only a colon without a port decides.
        if "@" in user or re.fullmatch(r"[^:]*:(?!\d+$).*", authority) is None:
            return None
    elif at and host != authority.rpartition("@")[2] + rest[len(authority) :]:
        return None  # an @ on both sides of a possible end of the host
    found = _ADDRESS.fullmatch(re.split(r"[/?#]", host, maxsplit=1)[0])
    if found is None or int(found["port"] or 0) > 65_535:
        return None
    return host if host == f"{found[0]}/" else found[0]


def url_problem(url: str, schemes: Sequence[str] = SCHEMES) -> str | None:
    """Return the error in a stream URL, without secrets; ``None`` for a valid one with one of the schemes."""
    scheme, separator, rest = url.partition(":")
    scheme = scheme.lower()
    if not separator or not scheme.isidentifier():
        return "must be a URL such as rtsp://camera.local/; for a file use model: video_file"
    if scheme == "file":
        return "must be the address of a stream, got a file: use model: video_file"
    if scheme not in schemes:
        got = "" if "@" in rest else f", got {scheme}:"
        return f"must begin with one of {', '.join(f'{known}://' for known in schemes)}{got}"
    if not rest.startswith("//"):
        return f"must have two slashes after {scheme}:, as in {scheme}://camera.local/"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        hint = f"; {ESCAPING}" if "@" in rest else ""
        return f"is not a valid URL: {redact_url(url)}{hint}"
    # udp://@:1234 and srt://:1234 listen, without naming a host.
    if not parts.hostname and (port is None or scheme not in ("udp", "rtp", "srt", "tcp")):
        return f"must name a host, as in {scheme}://camera.local/, got {redact_url(url)}"
    return None


def normal_url(url: str, username: str | None = None, password: str | None = None) -> str:
    """Return a valid URL with its scheme in lower case, and with user and password."""
    scheme, _, rest = url.partition("://")
    if username is not None:
        rest = f"{quote(username, safe='')}:{quote(password or '', safe='')}@{rest}"
    return f"{scheme.lower()}://{rest}"


def has_user(url: str) -> bool:
    """Return whether a valid URL has a user."""
    return "@" in urlsplit(url).netloc.lstrip("@")
