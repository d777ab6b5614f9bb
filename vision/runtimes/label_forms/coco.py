"""The 80 classes of COCO. Its own numbers for them are 1 to 90, with gaps; many models number them in a row."""

from __future__ import annotations

from collections.abc import Sequence

IN_A_ROW, WITH_GAPS = 80, 90
_UNUSED = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
_FIRST, _LAST = "person", "toothbrush"


def are_coco(names: Sequence[str]) -> bool:
    """Return whether labels are those of COCO, in a row or with the gaps."""
    ends = [name.casefold().replace(" ", "") for name in (*names[:1], *names[-1:])]
    return len(names) in (IN_A_ROW, WITH_GAPS) and ends == [_FIRST, _LAST]


def renumbered(names: Sequence[str], unused: str) -> tuple[str, ...]:
    """Return the labels of COCO in the other of the two forms.

    Args:
        names: The labels, in a row or with the gaps.
        unused: What stands in a gap.
    """
    if len(names) == WITH_GAPS:
        return tuple(name for number, name in enumerate(names, 1) if number not in _UNUSED)
    rest = iter(names)
    return tuple(unused if number in _UNUSED else next(rest) for number in range(1, WITH_GAPS + 1))
