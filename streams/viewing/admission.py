"""How many peers a server admits: in all, for each address, for each camera, and while they are not connected yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from pipeline import LimitsConfig

from .errors import TooManyOffers, TooManyOffersOfAddress, TooManyPeers, TooManyPeersOfAddress

PENDING_SHARE = 0.75
"""Share of ``pending_offers`` that one address can have, so that it cannot keep all others out."""


class Admission:
    """The place of one peer, from its offer until its sockets are closed. All methods may be called twice."""

    def __init__(self, counts: _Counts, camera: str, client: str) -> None:
        self._counts = counts
        self._camera = camera
        self._client = client
        self._pending = True
        self._held = True
        self._count(1)
        self._count_pending(1)

    def connected(self) -> None:
        """Count the peer as pending no longer: its connection is up."""
        if self._pending:
            self._pending = False
            self._count_pending(-1)

    def release(self) -> None:
        """Give the place back."""
        self.connected()
        if self._held:
            self._held = False
            self._count(-1)

    def _count(self, step: int) -> None:
        self._counts.peers += step
        _add(self._counts.of_client, self._client, step)
        _add(self._counts.of_camera, self._camera, step)

    def _count_pending(self, step: int) -> None:
        self._counts.pending += step
        _add(self._counts.pending_of_client, self._client, step)


class Admissions:
    """Admits peers within the limits of the configuration. Use it in the event loop.

    Args:
        limits: Returns the present limits.
        refused: Called with the name of the limit when a peer is refused.
    """

    def __init__(
        self, limits: Callable[[], LimitsConfig], refused: Callable[[str], object] = lambda limit: None
    ) -> None:
        self._limits = limits
        self._refused = refused
        self._counts = _Counts()

    def check(self, camera: str, client: str) -> None:
        """Check whether another peer may be admitted now.

        Args:
            camera: The name of its camera.
            client: The key by which clients are counted, such as their address.

        Raises:
            TooManyPeers: There are as many peers as allowed, in all or of the camera.
            TooManyPeersOfAddress: There are as many of this client.
            TooManyOffers: Too many peers are not connected yet.
            TooManyOffersOfAddress: Too many of this client are not.
        """
        limits, counts = self._limits(), self._counts
        if counts.of_client[client] >= limits.viewers_per_address:
            self._refused("viewers_per_address")
            raise TooManyPeersOfAddress(
                f"there are {limits.viewers_per_address} viewers from this address, the most that "
                "server.limits.viewers_per_address allows"
            )
        if counts.peers >= limits.viewers:
            self._refused("viewers")
            raise TooManyPeers(f"there are {limits.viewers} viewers, the most that server.limits.viewers allows")
        if counts.of_camera[camera] >= limits.viewers_per_camera:
            self._refused("viewers_per_camera")
            raise TooManyPeers(
                f"camera {camera} has {limits.viewers_per_camera} viewers, the most that "
                "server.limits.viewers_per_camera allows"
            )
        share = max(round(limits.pending_offers * PENDING_SHARE), 1)
        if counts.pending_of_client[client] >= share:
            self._refused("pending_offers")
            raise TooManyOffersOfAddress(
                f"{share} viewers from this address have an answer but no connection yet, the most that one address "
                f"can have of {limits.pending_offers}, which is server.limits.pending_offers"
            )
        if counts.pending >= limits.pending_offers:
            self._refused("pending_offers")
            raise TooManyOffers(
                f"{counts.pending} viewers have an answer but no connection yet, the most that "
                "server.limits.pending_offers allows"
            )

    def admit(self, camera: str, client: str) -> Admission:
        """Admit a peer, which is pending at first. Its owner releases the place.

        Raises:
            ViewingError: As for :meth:`check`.
        """
        self.check(camera, client)
        return Admission(self._counts, camera, client)


class _Counts:
    """The admitted peers by client and camera, without zeros."""

    def __init__(self) -> None:
        self.peers = 0
        self.pending = 0
        self.of_client: Counter[str] = Counter()
        self.of_camera: Counter[str] = Counter()
        self.pending_of_client: Counter[str] = Counter()


def _add(counter: Counter[str], key: str, step: int) -> None:
    counter[key] += step
    if not counter[key]:
        del counter[key]
