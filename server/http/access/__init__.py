"""Who may send a request: trusted proxies, host names and origins, and tokens; checked before the app.

* site         names of this server, and origins of pages
* forwarded    what a trusted proxy says of a request
* cookies      one cookie of a request
* credentials  the token that a request has, and the right that it needs
* middleware   the check, with the headers of every response
"""

from .cookies import cookie_name
from .credentials import SUBPROTOCOL
from .forwarded import ABORT, CHARGE, base_path
from .middleware import HEAD, LINK, PUBLIC_PATHS, PUBLIC_POSTS, SIGN_IN, SIGN_OUT, UNAUTHENTICATED, AccessMiddleware
from .site import starts_by_itself

__all__ = [
    "ABORT",
    "CHARGE",
    "HEAD",
    "LINK",
    "PUBLIC_PATHS",
    "PUBLIC_POSTS",
    "SIGN_IN",
    "SIGN_OUT",
    "SUBPROTOCOL",
    "UNAUTHENTICATED",
    "AccessMiddleware",
    "base_path",
    "cookie_name",
    "starts_by_itself",
]
