"""Addresses of streams: which are taken, and what of them is shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp", "tls")

HIDDEN = "***"
_WITHOUT_SLASHES = (*SCHEMES, "stun", "stuns", "turn", "turns")

# Where a URL begins: a scheme of two letters or more (one is a drive of Windows) with a colon, and then slashes, or
# something that ends in @. Or what has a user and a password although its scheme was forgotten.
_BEGINNING = re.compile(
    r"""(?P<scheme>(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]+):(?:/+|(?=[^\s/]*@))|(?<!\S)[^\s:/"']+:[^\s/]*(?=@)"""
)
_ANOTHER = re.compile(r"""[\s"'][A-Za-z][A-Za-z0-9+.\-]+://""")
_NAME = r"(?=[\w.\-]{1,253}(?::|$))(?:[\w\-]{1,63}\.)*[\w\-]{1,63}\.?"
_ADDRESS = re.compile(rf"(?P<host>{_NAME}|\[[0-9A-Fa-f:.%]+\]|(?=:))(?::(?P<port>[0-9]{{1,5}}))?")
_SENTENCE = re.compile(rf"(?:{_ADDRESS.pattern}|\*{{3}})/?(?=: [^@]*$)")


def is_url(text: str) -> bool:
    """Return whether a text begins as a URL does: a scheme, a colon and a slash."""
    beginning = _BEGINNING.match(text)
    return beginning is not None and beginning[0].endswith("/")


def redact_url(text: str) -> str:
    """Return a text in which no more than scheme, host and port of a URL are shown.

    The rest may hold a password in any place: before the host, in the query, as a stream's key in the path. Where it
    is not certain which part is the host, because a password holds what should have been escaped, that is hidden too.
    A text that begins with a URL is taken for one to its end (but ``rtsp://camera: reason`` is a sentence), and one in
    quotes to the closing quote.
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
    """Return how much of the rest of a line belongs to the URL that begins it."""
    if (sentence := _SENTENCE.match(rest)) is not None:
        return sentence.end()
    if before is None:
        return len(rest)
    quote = before[-1:]
    if quote and quote in "\"'`" and quote in rest:
        return rest.rindex(quote)
    # A password may hold a space, so the URL goes on to its last @ at least, unless another begins before that.
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
    """Return host and port of what follows the slashes of a URL, with a slash if nothing follows it.

    ``None`` when it is not certain which they are.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, host = rest.rpartition("@")
    if at and "@" not in authority:
        # Either a password holds / ? or #, or what follows the host holds an @. Only a colon without a port decides.
        if "@" in user or re.fullmatch(r"[^:]*:(?!\d+$).*", authority) is None:
            return None
    elif at and host != authority.rpartition("@")[2] + rest[len(authority) :]:
        return None  # an @ before and after what may be the end of the host
    found = _ADDRESS.fullmatch(re.split(r"[/?#]", host, maxsplit=1)[0])
    if found is None or int(found["port"] or 0) > 65_535:
        return None
    return host if host == f"{found[0]}/" else found[0]


def url_problem(url: str) -> str | None:
    """Return what keeps a text from being the address of a stream, telling no secret; ``None`` if nothing does."""
    scheme, separator, rest = url.partition(":")
    scheme = scheme.lower()
    if not separator or not scheme.isidentifier():
        return "must be a URL such as rtsp://camera.local/; for a file use model: video_file"
    if scheme == "file":
        return "must be the address of a stream, got a file: use model: video_file"
    if scheme not in SCHEMES:
        got = "" if "@" in rest else f", got {scheme}:"
        return f"must begin with one of {', '.join(f'{known}://' for known in SCHEMES)}{got}"
    if not rest.startswith("//"):
        return f"must have two slashes after {scheme}:, as in {scheme}://camera.local/"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"cannot be understood as a URL: {redact_url(url)}"
    # udp://@:1234 and srt://:1234 listen, without naming a host.
    if not parts.hostname and (port is None or scheme not in ("udp", "rtp", "srt", "tcp")):
        return f"must name a host, as in {scheme}://camera.local/, got {redact_url(url)}"
    return None
