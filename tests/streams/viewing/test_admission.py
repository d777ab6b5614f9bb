from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline import LimitsConfig
from streams import NoConnection, TooManyOffers, TooManyOffersOfAddress, TooManyPeers, TooManyPeersOfAddress
from streams.viewing import ViewingError
from streams.viewing.admission import Admission, Admissions


def admissions(refused: Callable[[str], object] = lambda limit: None, **limits: int) -> Admissions:
    """Return admissions that have these limits, and otherwise plenty of room."""
    every: dict[str, Any] = {
        "viewers": 100,
        "viewers_per_address": 100,
        "viewers_per_camera": 100,
        "pending_offers": 100,
        **limits,
    }
    config = LimitsConfig(**every)
    return Admissions(lambda: config, refused)


def admit(table: Admissions, number: int, camera: str = "porch", client: str = "10.0.0.1") -> list[Admission]:
    return [table.admit(camera, client) for _ in range(number)]


def test_viewers_are_limited_in_all() -> None:
    table = admissions(viewers=2)
    first, _ = table.admit("porch", "10.0.0.1"), table.admit("door", "10.0.0.2")
    with pytest.raises(TooManyPeers, match=r"there are 2 viewers, the most that server\.limits\.viewers allows"):
        table.admit("yard", "10.0.0.3")
    first.release()
    first.release()
    table.admit("yard", "10.0.0.3")
    with pytest.raises(TooManyPeers):
        table.check("yard", "10.0.0.3")


@pytest.mark.parametrize("limit", ["viewers", "viewers_per_address", "viewers_per_camera", "pending_offers"])
def test_each_refusal_names_its_limit(limit: str) -> None:
    refused: list[str] = []
    table = admissions(refused.append, **{limit: 1})
    table.admit("porch", "10.0.0.1")
    for _ in range(2):
        with pytest.raises(ViewingError):
            table.admit("porch", "10.0.0.1")
    assert refused == [limit, limit]


def test_viewers_of_an_address_are_limited() -> None:
    table = admissions(viewers_per_address=2)
    first, _ = admit(table, 2)
    with pytest.raises(TooManyPeersOfAddress, match=r"there are 2 viewers from this address, .*viewers_per_address"):
        table.admit("door", "10.0.0.1")
    table.admit("porch", "10.0.0.2")
    first.release()
    table.admit("door", "10.0.0.1")


def test_viewers_of_a_camera_are_limited() -> None:
    table = admissions(viewers_per_camera=2)
    admit(table, 2)
    with pytest.raises(TooManyPeers, match=r"camera porch has 2 viewers, .*viewers_per_camera"):
        table.admit("porch", "10.0.0.2")
    table.admit("door", "10.0.0.1")


def test_pending_offers_are_limited_and_an_address_can_have_three_quarters() -> None:
    table = admissions(pending_offers=4)
    pending = admit(table, 3)
    with pytest.raises(
        TooManyOffersOfAddress, match="3 viewers from this address have an answer but no connection yet"
    ):
        table.admit("porch", "10.0.0.1")
    other = table.admit("porch", "10.0.0.2")
    with pytest.raises(TooManyOffers, match="4 viewers have an answer but no connection yet"):
        table.admit("porch", "10.0.0.3")
    pending[0].connected()
    pending[0].connected()
    table.admit("porch", "10.0.0.3")
    other.release()
    table.admit("porch", "10.0.0.1")


def test_one_pending_offer_is_always_possible() -> None:
    admissions(pending_offers=1).admit("porch", "10.0.0.1")


def test_a_client_knows_when_to_try_again() -> None:
    assert issubclass(TooManyOffers, NoConnection)
    assert issubclass(TooManyOffersOfAddress, TooManyPeersOfAddress)
    assert (TooManyOffers("").retry_after_s, TooManyPeers("").retry_after_s) == (2, 10)
    assert (TooManyOffersOfAddress("").retry_after_s, TooManyPeersOfAddress("").retry_after_s) == (2, 10)


def test_released_places_leave_no_trace() -> None:
    table = admissions()
    for place in admit(table, 5):
        place.release()
    counts = table._counts
    assert (counts.peers, counts.pending) == (0, 0)
    assert not counts.of_client and not counts.of_camera and not counts.pending_of_client
