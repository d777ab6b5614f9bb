"""Trusted proxies, and the client behind a chain of them."""

import pytest

from server.core import TrustedProxies

PROXIES = TrustedProxies(["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize("address", ["127.0.0.1", "10.9.9.9", "::ffff:10.1.2.3", "2001:db8::7", "2001:db8::7%eth0"])
def test_addresses_of_the_networks_are_trusted(address: str) -> None:
    assert address in PROXIES


@pytest.mark.parametrize("address", ["127.0.0.2", "11.0.0.1", "::1", "", "proxy", "::ffff:11.0.0.1"])
def test_all_others_are_not(address: str) -> None:
    assert address not in PROXIES
    assert "127.0.0.1" not in TrustedProxies()


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.0.0.1", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.0.0.1", "192.0.2.7"),
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db9::1]:4711", "2001:db9::1"),
        ("2001:db9::1", "2001:db9::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, unknown", "127.0.0.1"),
        ("192.0.2.7, unknown, 10.0.0.1", "10.0.0.1"),
        ("192.0.2.7, [", "127.0.0.1"),
        ("", "127.0.0.1"),
        (",,", "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(forwarded_for: str, client: str) -> None:
    assert PROXIES.client_of("127.0.0.1", forwarded_for) == client


def test_another_client_cannot_claim_an_address() -> None:
    assert PROXIES.client_of("192.0.2.66", "10.0.0.1") == "192.0.2.66"
