"""Who may send a request: trusted proxies, host names and origins, and tokens; checked before the app.

* site        names of this server, and origins of pages
* forwarded   what a trusted proxy says of a request
* middleware  the check, with the headers of every response
"""

from .forwarded import base_path
from .middleware import PUBLIC_PATHS, UNAUTHENTICATED, AccessMiddleware
from .site import starts_by_itself

__all__ = ["PUBLIC_PATHS", "UNAUTHENTICATED", "AccessMiddleware", "base_path", "starts_by_itself"]
