"""One cookie of a request is found, and the others are not read."""

from __future__ import annotations

import pytest

from server.http.access.cookies import cookie_in


def found(*values: str) -> str:
    return cookie_in({"headers": [(b"cookie", value.encode("latin-1")) for value in values]}, "camweave-8080")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ""),
        (["camweave-8080=a.b-c_d"], "a.b-c_d"),
        (["x=1; camweave-8080=a; y=2"], "a"),
        (["x=1;camweave-8080 = a ;y"], "a"),
        (["x=1", "y=2; camweave-8080=a"], "a"),
        (["camweave-8080=", "camweave-8080=a"], "a"),
        (["camweave-8080=a; camweave-8080=b"], "b"),
        (["camweave-8080=a=b"], "a=b"),
        (["camweave-80801=a; xcamweave-8080=b; camweave-8080"], ""),
        (["x=camweave-8080=a"], ""),
        (["x=y camweave-8080=a"], ""),
        (["\xe9=1; camweave-8080=\xe9"], "\xe9"),
    ],
)
def test_the_cookie_is_found_among_others(values: list[str], expected: str) -> None:
    assert found(*values) == expected
