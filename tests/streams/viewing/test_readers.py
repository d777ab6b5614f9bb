"""The readers of live streams: their places, and all the ways in which they end."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest

from pipeline import LimitsConfig
from streams import (
    Admissions,
    NoConnection,
    Reader,
    Readers,
    TooManyPeers,
    TooManyPeersOfAddress,
    Traffic,
    UnknownCamera,
)

from ..fakes import FakeGraph, fake_graph

pytestmark = pytest.mark.anyio


class FakeReader(Reader):
    kind = "fake"

    def __init__(
        self, readers: Readers, camera: str = "porch", *, leaves: bool = True, choice: Hashable = None
    ) -> None:
        super().__init__(camera)
        self.choice = choice
        self.reasons: list[str] = []
        self._readers = readers
        self._leaves = leaves

    @property
    def traffic(self) -> Traffic:
        return Traffic(size=100, skipped=1)

    def info(self) -> dict[str, Any]:
        return {"codec": "h264"}

    def end(self, reason: str) -> None:
        self.reasons.append(reason)
        if self._leaves:
            self._readers.leave(self)


def table(graph: FakeGraph, **limits: Any) -> tuple[Readers, Admissions]:
    admissions = Admissions(lambda: LimitsConfig(**limits))
    return Readers(graph, admissions, check_s=0.001), admissions


async def test_a_reader_is_listed_from_its_entry_until_it_leaves() -> None:
    with fake_graph("porch", "yard") as graph:
        readers, _ = table(graph)
        reader = FakeReader(readers)
        readers.enter(reader, "10.0.0.1")
        assert readers.sessions("porch") == [{"id": reader.id, "kind": "fake", "codec": "h264"}]
        assert readers.sessions("yard") == []
        assert readers.traffic("porch") == {"fake": Traffic(100, 1)}
        readers.leave(reader)
        readers.leave(reader)
        assert readers.traffic("porch") == {"fake": Traffic(100, 1)}, "those who have left still count, once"
        assert readers.traffic("yard") == {}
        assert readers.sessions("porch") == []
        await readers.close()


async def test_readers_take_places_among_all_who_watch() -> None:
    with fake_graph() as graph:
        readers, admissions = table(graph, viewers_per_address=2)
        admissions.admit("porch", "10.0.0.1")  # a viewer of another kind
        reader = FakeReader(readers)
        readers.enter(reader, "10.0.0.1")
        with pytest.raises(TooManyPeersOfAddress, match="viewers_per_address"):
            readers.enter(FakeReader(readers), "10.0.0.1")
        readers.enter(FakeReader(readers), "10.0.0.2")
        readers.leave(reader)
        readers.enter(FakeReader(readers), "10.0.0.1")
        await readers.close()


async def test_what_readers_choose_costs_few_encoders() -> None:
    with fake_graph("porch", "yard") as graph:
        readers, _ = table(graph)

        def enter(choice: int | None, client: str = "10.0.0.1", camera: str = "porch") -> FakeReader:
            reader = FakeReader(readers, camera, choice=choice)
            readers.enter(reader, client)
            return reader

        of_one = [enter(choice) for choice in range(6)]
        with pytest.raises(TooManyPeersOfAddress, match="read in 6 different sizes, rates or qualities"):
            enter(6)
        for choice in (6, 7, 5):
            enter(choice, "10.0.0.2")
        with pytest.raises(TooManyPeers, match="camera porch is read in 8 different"):
            enter(8, "10.0.0.3")
        for shared in (0, None):  # the same as another, and what everybody gets
            enter(shared, "10.0.0.3")
        enter(8, camera="yard")
        readers.leave(of_one[1])
        enter(8, "10.0.0.3")
        await readers.close()


async def test_readers_that_are_connected_are_not_pending() -> None:
    with fake_graph() as graph:
        readers, _ = table(graph, pending_offers=1)
        for _ in range(3):
            readers.enter(FakeReader(readers), "10.0.0.1")
        await readers.close()


@pytest.mark.parametrize("camera", ["porch", "nowhere"])
async def test_a_camera_that_is_private_or_unknown_has_no_readers(camera: str) -> None:
    with fake_graph("porch", private=True) as graph:
        readers, _ = table(graph)
        with pytest.raises(UnknownCamera, match=f"there is no camera '{camera}'"):
            readers.enter(FakeReader(readers, camera), "")
        assert readers.sessions(camera) == []


async def test_a_reader_ends_when_its_permission_is_withdrawn() -> None:
    with fake_graph() as graph:
        readers, _ = table(graph)
        staying, leaving = FakeReader(readers), FakeReader(readers)
        reason = ""
        readers.enter(staying, "")
        readers.enter(leaving, "", lambda: reason)
        reason = "its token is no longer valid"
        async with changes_of(readers, 1):
            pass
        assert leaving.reasons == ["its token is no longer valid"]
        assert staying.reasons == []
        await readers.close()
        assert staying.reasons == ["the server is shutting down"]


async def test_after_the_end_nobody_enters() -> None:
    with fake_graph() as graph:
        readers, _ = table(graph)
        reader = FakeReader(readers)
        readers.enter(reader, "")
        await readers.close()
        assert reader.reasons == ["the server is shutting down"]
        with pytest.raises(NoConnection, match="shutting down"):
            readers.feed("porch")


async def test_a_reader_that_does_not_leave_does_not_hold_up_the_others(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(FakeReader):
        def end(self, reason: str) -> None:
            raise RuntimeError("broken")

    with fake_graph() as graph:
        readers, _ = table(graph)
        stuck, failing, good = FakeReader(readers, leaves=False), Failing(readers), FakeReader(readers)
        for reader in (stuck, failing, good):
            readers.enter(reader, "")
        await readers.close(limit_s=0.01)
        assert good.reasons == ["the server is shutting down"]
        assert "cannot be ended" in caplog.text


class changes_of:  # it reads like a function
    """Waits at its end until a table has only so many readers of the camera ``porch``."""

    def __init__(self, readers: Readers, left: int) -> None:
        self._readers = readers
        self._left = left

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *error: object) -> None:
        while len(self._readers.sessions("porch")) > self._left:
            self._readers._left.clear()
            await self._readers._left.wait()
