"""The checks of grpclib."""

from __future__ import annotations

import grpclib
import pytest
from grpclib.protocol import EventsProcessor, H2Protocol
from grpclib.protocol import Stream as Transfer
from grpclib.server import Stream

from cameras import UnsuitableLibrary
from server.grpc import check_grpclib


@pytest.mark.anyio
async def test_the_installed_grpclib_has_all_private_attributes_used() -> None:
    check_grpclib()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("owner", "name", "lacking"),
    [
        (Transfer, "recv_data", "Stream.recv_data"),
        (EventsProcessor, "close", "EventsProcessor.close"),
        (Stream, "__init__", "Stream._stream"),
        (H2Protocol, "connection_made", "H2Protocol.processor"),
    ],
)
async def test_the_error_names_a_missing_attribute_of_grpclib(
    owner: type, name: str, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(owner, name)
    with pytest.raises(UnsuitableLibrary) as caught:
        check_grpclib()
    assert str(caught.value) == f"grpclib {grpclib.__version__} cannot be used: it has no {lacking}"
