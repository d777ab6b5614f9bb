"""Malformed requests, and checks of the installed libraries."""

import pytest
import starlette
import uvicorn
from starlette.formparsers import MultiPartParser
from uvicorn.protocols.http.h11_impl import H11Protocol

from cameras import UnsuitableLibrary
from server.http import check_http_libraries

from ..served import Served, said


def test_a_malformed_request_is_refused(served: Served) -> None:
    answer = said(served, b"\x16\x03\x01\x02\x00hello\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b'"detail": "this is not an HTTP request"' in answer
    assert served.client.get("/healthz").status_code == 200


@pytest.mark.anyio
async def test_the_installed_libraries_have_all_attributes_used() -> None:
    check_http_libraries()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("owner", "name", "library"),
    [
        (H11Protocol, "send_400_response", f"uvicorn {uvicorn.__version__}"),
        (H11Protocol, "connection_lost", f"uvicorn {uvicorn.__version__}"),
        (uvicorn.Server, "capture_signals", f"uvicorn {uvicorn.__version__}"),
        (MultiPartParser, "on_end", f"starlette {starlette.__version__}"),
    ],
)
async def test_the_error_names_a_missing_attribute(
    owner: type, name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(owner, name)
    for base in owner.__mro__[1:]:
        if name in vars(base):
            monkeypatch.delattr(base, name)
    with pytest.raises(UnsuitableLibrary) as caught:
        check_http_libraries()
    assert str(caught.value) == f"{library} cannot be used: it has no {owner.__name__}.{name}"
